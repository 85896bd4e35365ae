/// Where devloop keeps what outlives a run, outside of every project
/// (https://specifications.freedesktop.org/basedir-spec/latest/).
enum StateFolder {
    /// The folder; `nil` where there is no home. It need not exist.
    static func path(environment: [String: String]) -> String? {
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return "\(state)/devloop" }
        return environment["HOME"].flatMap { $0.hasPrefix("/") ? "\($0)/.local/state/devloop" : nil }
    }
}
