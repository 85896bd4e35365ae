import Synchronization

/// The files in which a node keeps the log of one container, read by way of its kubelet.
///
/// A kubelet begins a new file when one has 10 MiB, looking every ten seconds (`containerLogMaxSize`), and `kubectl
/// logs` reads only the newest: what it has not printed by then is lost to it, and while a container writes much, `kubectl
/// logs --follow` may go on with the old file, or leave out its end
/// (https://github.com/kubernetes/kubernetes/issues/115701). The older files, up to five, are still on the node. To read
/// them takes the right to `nodes/proxy`, which the user of a cluster for development has.
struct NodeLog: Sendable {
    /// A file's name: `0.log` for the first run of the container, `0.log.20261124-043046` for what was written before,
    /// with `.gz` at the end where it is compressed by now.
    struct File: Sendable, Hashable, Comparable {
        var name: String
        /// How often the container was restarted before.
        var run: Int
        /// When the next file was begun; `nil` for the newest of the run.
        var end: String?

        init?(_ name: Substring) {
            let parts = name.split(separator: ".", maxSplits: 2)
            guard parts.count >= 2, parts[1] == "log", let run = Int(parts[0]), !name.hasSuffix(".tmp") else {
                return nil
            }
            self.name = String(name)
            self.run = run
            end = parts.count == 3 ? String(parts[2].prefix { $0 != "." }) : nil
        }

        static func < (first: File, second: File) -> Bool {
            (first.run, first.end ?? "~") < (second.run, second.end ?? "~")
        }
    }

    let key: PodTracker.Key
    let cluster: any ClusterReading
    let launcher: any CommandRunning

    /// Bytes that a file has before a new one is begun, where a kubelet doesn't say.
    static let defaultLimit = 10 << 20

    /// The files that there are, oldest first; `nil` where the node doesn't say.
    func files() async throws -> [File]? {
        let answer = try await cluster.read(.node(key.node, folder))
        guard answer.isSuccess else { return nil }
        return Self.files(listing: String(decoding: answer.body, as: UTF8.self))
    }

    /// The files in a listing as a web server prints it: a link for each.
    static func files(listing: String) -> [File] {
        let names = listing.split(separator: "\"").filter { $0.contains(".log") && !$0.contains("<") }
        return Set(names.compactMap { File($0) }).sorted()
    }

    /// A file's content, as it is on the node; `nil` where it can't be read.
    func read(_ file: File) async throws -> [UInt8]? {
        let answer = try await cluster.read(.node(key.node, folder + file.name))
        guard answer.isSuccess else { return nil }
        guard file.name.hasSuffix(".gz") else { return answer.body }
        let text = try await launcher.runTool(Command("gzip", ["-dc"], input: answer.body))
        return text.termination.isSuccess ? text.standardOutput : nil
    }

    /// How many bytes the newest file has.
    func size(of file: File) async throws -> Int {
        let count = Counter()
        _ = try await cluster.read(.node(key.node, folder + file.name)) { count.add($0.count) }
        return count.value
    }

    /// `containerLogMaxSize` of the kubelet, in bytes.
    func limit() async throws -> Int {
        let configuration = try await cluster.read(.node(key.node, "configz")).json?["kubeletconfig"]
        return configuration?["containerLogMaxSize"].flatMap { Quantity.bytes($0) } ?? Self.defaultLimit
    }

    private var folder: String { "logs/pods/\(key.namespace)_\(key.pod)_\(key.uid)/\(key.container)/" }
}

/// A sum that a handler of output adds to.
private final class Counter: Sendable {
    private let sum = Atomic(0)

    var value: Int { sum.load(ordering: .relaxed) }

    func add(_ count: Int) { sum.add(count, ordering: .relaxed) }
}
