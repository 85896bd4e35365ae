/// Why a command line can't be understood.
enum UsageError: Error, Equatable {
    /// There is nothing on it: the help is the answer, and ``ExitCode/usage`` the status.
    case empty
    /// One line that says what is wrong, and the nearest right thing.
    case invalid(String)
}

extension UsageError: CustomStringConvertible {
    /// What goes to standard error: one line, or the help.
    var description: String {
        switch self {
        case .empty: Help.text()
        case .invalid(let message): "devloop: \(message)"
        }
    }
}
