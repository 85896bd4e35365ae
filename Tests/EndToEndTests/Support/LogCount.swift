import Foundation
import Synchronization
import Testing

/// What of the lines of counting containers reached the terminal.
///
/// A counting container writes `@ID 1 … .`, `@ID 2 … .` and at its end `@ID END 2`: the dot shows that a line is whole.
struct LogCount: Sendable, CustomStringConvertible {
    /// Containers, or runs of one.
    var containers = 0
    var written = 0
    var shown = 0
    var lost = 0
    var doubled = 0
    /// Lines that came after a later one of their container.
    var disordered = 0
    /// Lines that were cut or joined with others.
    var broken = 0
    /// Whether every container's end was shown.
    var isComplete = true

    var isPerfect: Bool { isComplete && containers > 0 && lost + doubled + disordered + broken == 0 }

    /// - Parameter file: what devloop printed.
    init(_ file: URL) async throws {
        let output = try await Shell.attempt("awk", ["-F@", Self.program, file.path])
        let numbers = output.text.split(separator: " ").compactMap { Int($0) }
        try #require(numbers.count == 8, "\(output.text) \(output.errorText)")
        (containers, written, shown, lost) = (numbers[0], numbers[1], numbers[2], numbers[3])
        (doubled, disordered, broken, isComplete) = (numbers[4], numbers[5], numbers[6], numbers[7] == 0)
    }

    private static let program = #"""
        # Noise may have an @ too: NUL is shown as ^@.
        /@[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]-[a-z0-9-]+ / {
            split($2, word, " "); id = word[1]; ids[id] = 1
            if (word[2] == "END") { if (id in end) doubled++; end[id] = word[3] + 0; next }
            if (NF != 2 || $0 !~ / \.$/) { broken++; next }
            n = word[2] + 0; shown++
            if ((id, n) in seen) doubled++; else { seen[id, n] = 1; distinct[id]++ }
            if (n < last[id]) disordered++
            last[id] = n
        }
        END {
            for (id in ids) {
                containers++
                if (!(id in end)) { open++; end[id] = last[id] }
                written += end[id]; lost += end[id] - distinct[id]
            }
            printf "%d %d %d %d %d %d %d %d", containers, written, shown, lost, doubled, disordered, broken, open
        }
        """#

    var description: String {
        "\(containers) containers, \(written) lines written, \(shown) shown, \(lost) lost, \(doubled) doubled, "
            + "\(disordered) out of order, \(broken) broken" + (isComplete ? "" : ", an end is missing")
    }
}

/// The table of all counts of a run of the tests.
final class LogCountTable: Sendable {
    static let shared = LogCountTable()

    private let rows = Mutex<[(String, LogCount)]>([])

    func add(_ name: String, _ count: LogCount) { rows.withLock { $0.append((name, count)) } }

    /// As Markdown.
    var text: String {
        rows.withLock { rows in
            (["| | containers | written | shown | lost | doubled |", "|---|---|---|---|---|---|"]
                + rows.map { "| \($0) | \($1.containers) | \($1.written) | \($1.shown) | \($1.lost) | \($1.doubled) |" })
                .joined(separator: "\n")
        }
    }
}

/// `devloop logs` with its output in a file, beside containers that count.
struct LogSession: Sendable {
    let folder: URL
    let output: URL
    let process: DevloopProcess

    static let image = "devloop-count/box"

    /// Shell functions of the containers' scripts: `count ID LINES` as fast as it can, and `id`, which is never the same.
    static let prelude = """
        id=$(busybox cut -c1-13 /proc/sys/kernel/random/uuid)
        count() { busybox awk -v id=$1 -v n=$2 'BEGIN { for (i = 1; i <= n; i++) print "@" id, i, "a line ."; \
        print "@" id, "END", n }'; }
        slowly() { n=0; while [ $n -lt $2 ]; do n=$((n+1)); echo "@$1 $n a line ."; busybox usleep $3; done; \
        echo "@$1 END $n"; }

        """

    /// - Parameter manifest: the manifests; images in them are named ``image``.
    init(_ arguments: [String], manifest: String, environment: [String: String] = [:]) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("count-\(UUID().uuidString)")
        let files = FileManager.default
        try files.createDirectory(at: folder.appendingPathComponent("k8s"), withIntermediateDirectories: true)
        try files.createDirectory(at: folder.appendingPathComponent("app"), withIntermediateDirectories: true)
        try "FROM scratch\n".write(
            to: folder.appendingPathComponent("app/Dockerfile"), atomically: true, encoding: .utf8)
        try manifest.write(to: folder.appendingPathComponent("k8s/all.yaml"), atomically: true, encoding: .utf8)
        try """
        { "name": "count", "manifests": ["k8s"],
          "services": [{ "name": "app", "image": "\(Self.image)", "context": "app" }] }
        """.write(to: folder.appendingPathComponent("devloop.json"), atomically: true, encoding: .utf8)
        output = folder.appendingPathComponent("output")
        process = try DevloopProcess(["logs"] + arguments, folder: folder, environment: environment, output: output)
    }

    /// Returns once this many containers' ends are shown, or the time is up.
    func ends(_ count: Int, within limit: Duration = .seconds(90)) async throws {
        _ = try await Shell.eventually(within: limit) {
            Int(try await Shell.attempt("grep", ["-ac", "@[a-z0-9-]* END", output.path]).text) ?? 0
        } is: {
            $0 >= count
        }
    }

    /// How many lines are shown by now.
    func lineCount() async throws -> Int {
        Int(try await Shell.attempt("grep", ["-ac", "", output.path]).text) ?? 0
    }

    /// Ends devloop and counts.
    func finish(_ name: String) async throws -> LogCount {
        process.signal(SIGINT)
        let status = await process.exitStatus()
        #expect(status == 0)
        let count = try await LogCount(output)
        #expect(!process.output.contains("may be missing"))
        LogCountTable.shared.add(name, count)
        print("\(name): \(count)\n  \(process.output.split(separator: "\n").joined(separator: "\n  "))")
        return count
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}
