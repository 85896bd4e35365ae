/// The services whose logs `devloop dev` shows.
enum LogFilter: Sendable, Equatable {
    /// Those of every workload in the manifests, too.
    case all
    case none
    /// Those of the services with these names.
    case only([String])
}
