#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// All that `posix_spawn` is told.
///
/// The child gets a process group of its own, an empty signal mask and default signal actions (threads of libdispatch
/// block most signals, and a child would inherit that), standard input from `/dev/null` or a file that holds
/// ``Command/input``, and no other descriptor of ours.
struct SpawnRequest {
    let path: String
    let command: Command
    let environment: [String]
    let standardOutput: Int32
    let standardError: Int32
    /// The program through which the child is bound to us (``ParentBound``); `nil` for one that is to go its own way.
    var binder: String?

    /// Starts the program.
    /// - Throws: ``LaunchError/failed(_:_:)``.
    func start() throws -> pid_t {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }

        let input = try command.socket ?? openInput()
        defer { if command.socket == nil { _ = Glue.close(input) } }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, command.socket ?? standardOutput, 1)
        posix_spawn_file_actions_adddup2(&actions, standardError, 2)
        if let directory = command.directory, !WorkingDirectory.change(to: directory, in: &actions) {
            throw LaunchError.failed(command.executable, "this system starts no program in another folder")
        }

        var flags = Int32(POSIX_SPAWN_SETPGROUP) | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        #if canImport(Darwin)
            flags |= Int32(POSIX_SPAWN_CLOEXEC_DEFAULT)
        #endif
        posix_spawnattr_setflags(&attributes, Int16(flags))
        posix_spawnattr_setpgroup(&attributes, 0)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        sigdelset(&all, SIGKILL)
        sigdelset(&all, SIGSTOP)
        posix_spawnattr_setsigdefault(&attributes, &all)

        var pid: pid_t = 0
        var status: Int32 = 0
        var words = [command.executable] + command.arguments
        if let binder { words = ParentBound.words(program: binder, path: path, words) }
        Self.withStrings(words) { arguments in
            Self.withStrings(environment) { variables in
                // A program that was written a moment ago may still be open for writing in a child that another
                // thread is just starting ("text file busy"): that passes within milliseconds.
                for attempt in 0..<20 {
                    status = Descriptors.betweenOpenings {
                        posix_spawn(&pid, binder ?? path, &actions, &attributes, arguments, variables)
                    }
                    if status != ETXTBSY { break }
                    usleep(1000 << min(attempt, 5))
                }
            }
        }
        guard status == 0 else { throw LaunchError.failed(command.executable, String(cString: strerror(status))) }
        return pid
    }

    /// An unlinked temporary file for the input: a pipe could fill up before the program reads.
    private func openInput() throws -> Int32 {
        guard let bytes = command.input else { return open("/dev/null", O_RDONLY | O_CLOEXEC) }
        let temporary = TemporaryPlace.make("devloop-input") { template in
            let file = Descriptors.closedOnExec { mkstemp(template) }
            return file < 0 ? nil : file
        }
        guard let (file, path) = temporary else {
            throw LaunchError.failed(command.executable, "no temporary file: \(String(cString: strerror(errno)))")
        }
        unlink(path)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let reason = String(cString: strerror(errno))
                _ = Glue.close(file)
                throw LaunchError.failed(command.executable, "its input could not be written: \(reason)")
            }
            written += count
        }
        lseek(file, 0, SEEK_SET)
        return file
    }

    private static func withStrings(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Void
    ) {
        let pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        body(pointers)
    }
}
