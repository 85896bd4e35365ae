/// What a cluster would make of random projects, each on one of its own. Written from the documentation, not from what
/// devloop does.
struct ProjectModel {
    let projects: RandomProjects

    /// What is to be seen of a pod from within.
    struct Sight: Sendable, Equatable, CustomStringConvertible {
        /// What its image says that it is.
        var image: String
        /// Who has written into each of its volumes, in order.
        var marks: [[String]]
        /// Who answers under each name; more than one where a Service selects several.
        var answers: [String: Set<String>]

        var description: String { "runs \(image), marks \(marks), answers \(answers.sorted { $0.key < $1.key })" }
    }

    /// Whether devloop can run a project at all.
    func isRefused(_ index: Int) -> Bool { projects.projects[index].refusedName != nil }

    /// What every pod of a project sees.
    func sights(of index: Int) -> [String: Sight] {
        let project = projects.projects[index]
        var result: [String: Sight] = [:]
        for pod in project.pods {
            let image = builder(of: pod.image, in: project).map { "\(index)-\($0)" } ?? "decoy"
            result[projects.me(pod, of: index)] = Sight(
                image: image, marks: pod.mounts.map { marks(on: $0, in: namespace(pod.namespace, project), index) },
                answers: answers(for: pod, index))
        }
        return result
    }

    /// The names that are called: those of all services, short and with each namespace.
    static let names =
        ["db", "api", "web"].flatMap { name in [name] + ["default", "shop", "api"].map { "\(name).\($0)" } }

    private func namespace(_ given: String?, _ project: RandomProjects.Project) -> String {
        given ?? project.namespace ?? "default"
    }

    /// The claim of a name is one claim in its namespace, whoever mounts it.
    private func marks(on mount: RandomProjects.Pod.Mount, in place: String, _ index: Int) -> [String] {
        let project = projects.projects[index]
        return project.pods.flatMap { pod in
            pod.mounts.filter { $0 == mount && namespace(pod.namespace, project) == place }
                .map { _ in projects.me(pod, of: index) }
        }.sorted()
    }

    private func answers(for caller: RandomProjects.Pod, _ index: Int) -> [String: Set<String>] {
        let project = projects.projects[index]
        var answers: [String: Set<String>] = [:]
        for name in Self.names {
            let parts = name.split(separator: ".").map(String.init)
            let place = parts.count > 1 ? parts[1] : namespace(caller.namespace, project)
            let services = project.services.filter {
                $0.name == parts[0] && namespace($0.namespace, project) == place
            }
            // Of two that the manifests give one name, the later one is what is applied.
            guard let service = services.last else { continue }
            let selected = project.pods.filter {
                $0.name == service.selects && namespace($0.namespace, project) == place
            }
            if !selected.isEmpty { answers[name] = Set(selected.map { projects.me($0, of: index) }) }
        }
        return answers
    }

    /// Which of the project's images a reference means: of its name, or of its name in the registry; its own tag before
    /// one that stands for all.
    private func builder(of reference: String, in project: RandomProjects.Project) -> String? {
        let (name, tag) = Self.parts(reference)
        let meant = project.images.filter { image in
            let own = Self.parts(image)
            let names = [own.name] + (project.registry.map { ["\($0)/\(own.name)"] } ?? [])
            return names.contains(name) && (own.tag == nil || own.tag == tag ?? "latest")
        }
        return meant.first { Self.parts($0).tag != nil } ?? meant.first
    }

    private static func parts(_ image: String) -> (name: String, tag: String?) {
        guard let colon = image.lastIndex(of: ":"), !image[colon...].contains("/") else { return (image, nil) }
        return (String(image[..<colon]), String(image[image.index(after: colon)...]))
    }
}
