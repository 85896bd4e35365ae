/// A start, an end, what ends it, or a removal of one of the project's containers, as the engine tells it.
struct DockerEvent: Sendable, Hashable {
    enum Action: String, Sendable {
        case start
        /// Somebody sends it a signal: `docker stop`, `docker kill`, `docker rm --force`.
        case kill
        /// The kernel has ended a process of it that wanted more memory than its limit.
        case oom
        case die
        case destroy
    }

    var action: Action
    var container: FollowedContainer
    /// Of a container that died.
    var exitCode: Int?
    /// Whether it is a signal to end.
    var isLast = false

    /// Reads a line of the engine's events; `nil` where it is about something else.
    /// - Parameter namespace: of a container that is labelled with none.
    init?(_ line: [UInt8], namespace: String) {
        guard let json = try? JSONParser.parse(line), let action = json["Action"]?.string.flatMap(Action.init),
            let actor = json["Actor"], let id = actor["ID"]?.string,
            let container = FollowedContainer(
                id: id, labels: actor["Attributes"]?.stringMembers ?? [:], namespace: namespace)
        else { return nil }
        self.action = action
        self.container = container
        isLast = ["9", "15"].contains(actor[path: ["Attributes", "signal"]]?.string)
        exitCode = actor[path: ["Attributes", "exitCode"]]?.string.flatMap { Int($0) }
    }
}

/// Why a container has ended.
enum EndCause: Sendable, Hashable {
    /// Its program has.
    case itself
    /// Somebody stopped it.
    case somebody
    case outOfMemory

    /// What Kubernetes calls OOMKilled, and what to do about it.
    static let memoryWords = "out of memory (OOMKilled): raise resources.limits.memory, or have it take less"
}

/// What the reader of a container's log has to know of it.
struct FollowedContainer: Sendable, Hashable {
    var id: String
    /// The place of its project.
    var place: String
    var workload: Workload
    /// Its name in the manifest.
    var name: String
    /// The image as the manifest names it.
    var image: String
    /// The id of the image that devloop built for it; empty where it built none.
    var builtImage: String
    /// The name beside the workload's, where there are several containers.
    var label: String?
    var isInit: Bool
    /// The start of a pod that it belongs to.
    var instance: String
    /// The pod whose other containers lose their network when this one starts again.
    var ownedInstance: String?
    var isRestarted: Bool

    init?(id: String, labels: [String: String], namespace: String) {
        let labelled = labels[DockerLabel.namespace] ?? ""
        guard let name = labels[DockerLabel.workload].flatMap(DockerLabel.name) else { return nil }
        self.id = id
        place = labels[DockerLabel.place] ?? ""
        workload = Workload(name, namespace: labelled.isEmpty ? namespace : labelled)
        self.name = labels[DockerLabel.container] ?? ""
        image = labels[DockerLabel.image] ?? ""
        builtImage = labels[DockerLabel.builtImage] ?? ""
        label = labels[DockerLabel.pod] == "several" ? self.name : nil
        instance = labels[DockerLabel.instance] ?? ""
        let ownsNetwork = labels[DockerLabel.network] == "owner" && label != nil
        ownedInstance = ownsNetwork ? instance : nil
        isInit = labels[DockerLabel.role] == "init"
        isRestarted = labels[DockerLabel.restart] != "no"
    }

    /// What to say of its end; `nil` where the end is no news.
    func notice(exitCode: Int, cause: EndCause) -> String? {
        if (isInit || workload.kind == .job) && exitCode == 0 { return nil }
        let name = label.map { "container \($0) " } ?? ""
        let next = !isRestarted ? "" : isInit ? "; it is run again" : "; Docker restarts it"
        switch cause {
        case .itself: return "\(name)exited with code \(exitCode)\(next)"
        case .outOfMemory: return "\(name)exited with code \(exitCode): \(EndCause.memoryWords)\(next)"
        // Docker does not start it again.
        case .somebody: return "\(name)exited with code \(exitCode): somebody stopped or removed it"
        }
    }

    /// What to say where a new pod had to wait for this one until it was killed.
    func ignoresTERM(grace: Int) -> String {
        let name = label.map { "container \($0)" } ?? "its container"
        return
            "\(name) ignores SIGTERM: each new one waits out its grace time of \(grace) s (terminationGracePeriodSeconds); "
            + "end the program at SIGTERM (in a shell: trap), or start it with CMD [\"program\", …], not through a shell"
    }
}

extension FollowedContainer {
    /// A container as `docker ps` lists it.
    init(_ listed: ListedContainer) {
        id = listed.id
        place = listed.place
        workload = listed.workload
        name = listed.container
        image = listed.image
        builtImage = listed.builtImage
        label = listed.hasSiblings ? listed.container : nil
        instance = listed.instance
        isInit = listed.role == "init"
        isRestarted = true
    }

    /// What others have to know of it while it runs.
    var running: RunningContainer {
        RunningContainer(
            id: id, place: .docker, workload: workload, name: name, image: image, imageID: builtImage)
    }
}
