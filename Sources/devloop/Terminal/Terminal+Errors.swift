import Runner

extension Terminal {
    /// An error of any of the kinds that devloop's parts throw. A cancellation is nobody's failure: it is not shown.
    func show(_ error: any Error, prefix: String? = nil) {
        switch error {
        case let error as TargetError:
            self.error(
                [prefix, error.summary].compactMap { $0 }.joined(separator: ": "), details: error.details,
                advice: error.advice)
        case let error as ConfigurationError:
            if let prefix { self.error(prefix) }
            self.error(error)
        case is CancellationError: break
        default: self.error([prefix, "\(error)"].compactMap { $0 }.joined(separator: ": "))
        }
    }
}

extension ExitCode {
    /// The code for an error that ends a command.
    init(_ error: any Error) {
        switch error {
        case let error as TargetError:
            switch error.severity {
            case .failed, .missing: self = .failure
            case .unavailable: self = .unavailable
            case .configuration: self = .configuration
            }
        case is ConfigurationError: self = .configuration
        case is CancellationError: self = .interrupted
        default: self = .failure
        }
    }
}
