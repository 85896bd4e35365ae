#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Which project something on a Docker belongs to: its name, and the place that it is in. Two checkouts whose folders
/// have one name are two projects.
struct ProjectIdentity: Sendable, Hashable {
    /// What people call it, and what the names of its containers, networks and volumes begin with.
    let name: String
    /// The absolute path of its devloop.json.
    let place: String

    /// What is on everything that is made for it.
    var labels: [(name: String, value: String)] { [(DockerLabel.project, name), (DockerLabel.place, place)] }

    /// Whose something is, by its labels.
    func owner(project: String, place: String) -> DockerOwner {
        guard project == name else { return .other }
        if place.isEmpty { return .unplaced }
        return place == self.place ? .this : .other
    }
}

extension ProjectIdentity {
    /// What is to be told of other projects of the name.
    func notices(of containers: [ListedContainer]) -> [DockerNotice] {
        let places = Set(containers.map(\.place)).filter { owner(project: name, place: $0) == .other }
        return places.sorted().map { other in
            guard access(other, F_OK) != 0 else {
                return .sentence(
                    "another project is called \(name) too, in \(other): what runs and is stored is told apart by the "
                        + "place; give one of them a \"name\" to see which is which")
            }
            let filter = ["--filter", "label=\(DockerLabel.place)=\(other)"]
            let containers = Command("docker", ["ps", "-aq"] + filter)
            let volumes = Command("docker", ["volume", "ls"] + filter)
            return .sentence(
                "containers of \(name) are left from \(other), which is not there any more; their data is in the "
                    + "volumes with the same label: docker rm -f $(\(containers)) removes the containers, \(volumes) "
                    + "lists the volumes")
        }
    }
}

/// Whose a container, a network or a volume is.
enum DockerOwner: Sendable, Hashable {
    /// This project's.
    case this
    /// An earlier devloop's, which did not note the place: of this project, or of another one of its name.
    case unplaced
    /// Another project's, or nothing of devloop's.
    case other
}
