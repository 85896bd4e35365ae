import Synchronization

/// The project as it is now: devloop.json and the manifests may change while it runs.
final class CurrentProject: Sendable {
    private let project: Mutex<Project>

    init(_ project: Project) { self.project = Mutex(project) }

    /// The project. Setting it takes effect for everything that begins from then on.
    var value: Project {
        get { project.withLock { $0 } }
        set { project.withLock { $0 = newValue } }
    }
}
