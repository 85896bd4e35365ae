#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A row of the second table: the whole of `devloop dev` on a service of so many files, on Docker.
struct DevMeasurement {
    /// The folder with the project's devloop.json; the service's files are in `service/tree`.
    let project: String
    let files: Int
    let idleSeconds: Int
    let devloop: String

    private let saves = 5
    private let settleMilliseconds = 50.0

    /// - Returns: whether it meets the goals.
    func run() -> Bool {
        // The shell says its number, which stays devloop's.
        let command = "cd '\(project)' && echo $$ && exec '\(devloop)' dev --target=docker --cleanup --color=never 2>&1"
        guard let output = popen(command, "r"), let number = nextLine(of: output), let pid = pid_t(number) else {
            fatalError("cannot start \(devloop)")
        }
        let started = ContinuousClock.now
        wait(for: "live in", in: output)
        let start = ContinuousClock.now - started
        let before = processorSeconds(pid)
        sleep(UInt32(idleSeconds))
        let idle = (processorSeconds(pid) - before) / Double(idleSeconds) * 100
        let memory = kibibytes("VmRSS", of: pid) / 1024
        var reactions: [Double] = []
        for number in 0..<saves {
            let file = SourceTree.file((number * 7919) % files, in: project + "/service/tree")
            let descriptor = open(file, O_WRONLY | O_TRUNC)
            guard descriptor >= 0, pwrite(descriptor, "\(number)", 1, 0) == 1 else {
                fatalError("cannot write \(file)")
            }
            close(descriptor)
            let saved = ContinuousClock.now
            wait(for: "changed, building", in: output)
            reactions.append((.now - saved) / .milliseconds(1) - settleMilliseconds)
            wait(for: "live in", in: output)
        }
        let peak = kibibytes("VmHWM", of: pid) / 1024
        kill(pid, SIGTERM)
        while nextLine(of: output) != nil {}
        pclose(output)
        reactions.sort()
        let goals = Goals(files: files, isPolling: false)
        Table.print(
            "\(files)", fixed(start / .seconds(1), 1) + " s", Table.cell(idle, 2, "%", goal: goals.idle),
            Table.cell(memory, 1, "MiB", goal: goals.memory), fixed(peak, 1) + " MiB",
            Table.cell(reactions[saves / 2], 1, "ms", goal: goals.reaction.0),
            Table.cell(reactions[saves - 1], 1, "ms", goal: goals.reaction.1))
        return idle <= goals.idle && memory <= goals.memory
    }

    static func printHeader() {
        Table.print("files", "first live", "idle CPU", "memory idle", "at its peak", "save to build", "slowest of 5")
    }

    /// Makes the project: all files count, and go into the image.
    static func makeProject(_ path: String, files: Int, name: String) {
        for folder in ["", "/service"] { mkdir(path + folder, 0o755) }
        SourceTree.make(path + "/service/tree", files: files)
        save(
            """
            { "name": "\(name)", "target": "docker", "manifests": ["app.yaml"],
              "services": [{ "name": "app", "image": "\(name)/app", "context": "service" }] }
            """, to: path + "/devloop.json")
        save(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: app}
            spec:
              selector: {matchLabels: {app: app}}
              template:
                metadata: {labels: {app: app}}
                spec: {containers: [{name: app, image: \(name)/app}], terminationGracePeriodSeconds: 1}
            """, to: path + "/app.yaml")
        save(
            """
            FROM scratch
            COPY busybox /bin/busybox
            COPY tree /tree
            CMD ["/bin/busybox", "sleep", "1000000"]
            """, to: path + "/service/Dockerfile")
    }

    private static func save(_ text: String, to path: String) {
        guard let file = fopen(path, "w") else { fatalError("cannot write \(path)") }
        fputs(text, file)
        fclose(file)
    }

    // MARK: Looking at another program

    private func wait(for text: String, in output: UnsafeMutablePointer<FILE>) {
        var said = ""
        while let line = nextLine(of: output) {
            if line.contains(text) { return }
            said += line + "\n"
        }
        fatalError("devloop ended before it said \"\(text)\":\n\(said)")
    }

    private func nextLine(of output: UnsafeMutablePointer<FILE>) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        guard fgets(&buffer, Int32(buffer.count), output) != nil else { return nil }
        let bytes = buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What `ps` says of its processor time: user and system, in seconds. Its children, docker's clients, are not in it.
    private func processorSeconds(_ pid: pid_t) -> Double {
        let text = contents(of: "/proc/\(pid)/stat")
        // After the name, which may hold anything: state, parent, … and the times as the 12th and 13th.
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return .nan }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private func kibibytes(_ key: String, of pid: pid_t) -> Double {
        let line = contents(of: "/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix(key + ":") }
        return line?.split { !$0.isNumber }.first.flatMap { Double($0) } ?? .nan
    }

    private func contents(of path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
    }
}
