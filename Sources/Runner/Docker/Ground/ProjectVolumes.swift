/// What tells a volume that keeps its data from the project's others.
struct PersistentVolume: Sendable, Hashable {
    var namespace: String
    var claim: String
    /// The `subPath` that is mounted: Docker of version 20 can't mount a part of a volume, so a part is a volume of its
    /// own. Empty for the whole.
    var part = ""
}

/// A volume as `docker volume ls` lists it.
struct ListedVolume: Sendable, Hashable {
    var name: String
    var project: String
    var place: String
    var namespace: String
    var claim: String
    var part: String
    /// The pod that it lives and dies with; empty for one that keeps its data.
    var instance: String

    /// Whether it outlives its pods.
    var keepsData: Bool { instance.isEmpty }

    /// For `--format`.
    static let format =
        ["{{.Name}}"]
        + [
            DockerLabel.project, DockerLabel.place, DockerLabel.namespace, DockerLabel.claim, DockerLabel.part,
            DockerLabel.instance,
        ].map(DockerLabel.template)

    /// The lines of ``DockerCommand/volumes()``.
    static func read(_ output: CommandOutput) -> [ListedVolume] {
        DockerLabel.rows(output, columns: format.count).map { fields in
            let labels = fields.dropFirst().map(DockerLabel.value)
            return ListedVolume(
                name: fields[0], project: labels[0], place: labels[1], namespace: labels[2], claim: labels[3],
                part: labels[4], instance: labels[5])
        }
    }
}

/// The volumes of a project's claims among those of a Docker. A pure value.
struct ProjectVolumes: Sendable {
    /// What is known of a volume.
    enum Answer: Sendable, Hashable {
        /// It is there.
        case found(String)
        /// It has to be made, of this name.
        case missing(String, DockerNotice?)
    }

    let project: ProjectIdentity
    let listed: [ListedVolume]
    /// The project's containers, and those of others of its name.
    let containers: [ListedContainer]

    /// The volume for a claim: the one that is labelled so; else one that an earlier devloop made for it; else a new
    /// one.
    /// - Parameter adopted: what volumes of an earlier devloop are used for in this run.
    func answer(for volume: PersistentVolume, adopted: [String: PersistentVolume]) -> Answer {
        let own = listed.filter { ours($0) == .this && $0.keepsData && volume.isLabelled($0) }
        if let first = own.map(\.name).min() { return .found(first) }
        let old = volume.earlierName(in: project)
        let known = listed.first { $0.name == old }
        if let known, ours(known) == .unplaced, known.keepsData, isFree(known, for: volume),
            adopted[old] == nil || adopted[old] == volume
        {
            return .found(old)
        }
        let names = Set(listed.map(\.name))
        let parts = ["devloop", project.name, volume.claim] + (volume.part.isEmpty ? [] : [volume.part])
        let readable = DockerName.joined(parts)
        let identity = [project.name, project.place, volume.namespace, volume.claim, volume.part]
        let name = names.contains(readable) ? DockerName.distinct(readable, for: identity) : readable
        return .missing(name, known.flatMap { notice(volume, name, $0) })
    }

    private func ours(_ volume: ListedVolume) -> DockerOwner {
        project.owner(project: volume.project, place: volume.place)
    }

    /// Whether no pod of another place or namespace uses the volume.
    private func isFree(_ known: ListedVolume, for volume: PersistentVolume) -> Bool {
        containers.filter { $0.mounts.contains(known.name) }.allSatisfy {
            project.owner(project: project.name, place: $0.place) != .other
                && $0.workload.namespace == volume.namespace
        }
    }

    /// Told where the claim has been using a volume that it does not get: one with a place never was an earlier devloop's.
    private func notice(_ volume: PersistentVolume, _ name: String, _ other: ListedVolume) -> DockerNotice? {
        guard other.place.isEmpty else { return nil }
        let owner =
            switch other.project {
            case "": "which devloop did not make"
            case project.name: "which an earlier devloop made, and another claim or project uses"
            default: "which an earlier devloop made for the project \(other.project)"
            }
        return .sentence(
            "the claim \(volume.claim) of namespace \(volume.namespace) begins empty, in the volume \(name), and leaves "
                + "alone \(other.name), \(owner)")
    }
}

extension PersistentVolume {
    fileprivate func isLabelled(_ listed: ListedVolume) -> Bool {
        listed.namespace == namespace && listed.claim == claim && listed.part == part
    }

    /// What an earlier devloop called it: the same for several, and for those of several projects.
    fileprivate func earlierName(in project: ProjectIdentity) -> String {
        let whole = "devloop-\(DockerName.nameable(project.name))-\(claim)"
        return part.isEmpty ? whole : "\(whole)-\(DockerName.nameable(part))"
    }
}
