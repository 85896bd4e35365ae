/// What the shell gets. The numbers from 64 on are those of sysexits(3).
enum ExitCode: Int32, Sendable, CaseIterable {
    /// Done; for `dev`, and for `logs` that follow, also after Ctrl-C.
    case success = 0
    /// A build or a deployment failed.
    case failure = 1
    /// The command line can't be understood.
    case usage = 64
    /// docker, kubectl, or a server that they talk to (daemon, cluster, registry) is missing or can't be used for now.
    case unavailable = 69
    /// devloop.json is wrong, or what it names.
    case configuration = 78
    /// Ctrl-C in a command that ends by itself.
    case interrupted = 130

    /// What it means, for the help.
    var meaning: String {
        switch self {
        case .success: "done (for dev and logs, also after Ctrl-C)"
        case .failure: "a build or a deployment failed"
        case .usage: "the command line can't be understood"
        case .unavailable: "docker, kubectl or a server they need is missing"
        case .configuration: "devloop.json, or what it names, is wrong"
        case .interrupted: "interrupted by Ctrl-C (not dev, nor logs)"
        }
    }
}
