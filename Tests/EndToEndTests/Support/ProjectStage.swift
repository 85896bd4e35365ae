import Foundation
import Testing

/// Runs random projects the way their users do, and looks at them without devloop's help.
struct ProjectStage: Sendable {
    private let projects: RandomProjects
    private let root: URL

    init(_ projects: RandomProjects) throws {
        self.projects = projects
        root = FileManager.default.temporaryDirectory.appendingPathComponent(
            "devloop-\(projects.token)-\(UUID().uuidString)")
        try projects.write(below: root)
        // Another way to the same place.
        try FileManager.default.createSymbolicLink(
            at: root.appendingPathComponent("link"), withDestinationURL: root.appendingPathComponent("one"))
    }

    /// Every name that a manifest uses means something already: an old build, which must not run where a new one is
    /// meant.
    func tagDecoys() async throws {
        for image in Set(projects.projects.flatMap(\.pods).map(\.image)) {
            try await Docker.run("tag", RandomProjects.base, image)
        }
    }

    func dev(_ index: Int) throws -> DevloopProcess {
        let project = projects.projects[index]
        return try DevloopProcess(
            ["dev", "--color=never", "-f", project.file], folder: root.appendingPathComponent(project.folder))
    }

    func awaitLive(_ index: Int, _ dev: DevloopProcess) async throws {
        for number in projects.projects[index].images.indices {
            try await dev.line(matching: { $0.hasPrefix("✓ s\(number) ") || $0.hasPrefix("✗") })
        }
        let failures = dev.output.split(separator: "\n").filter { $0.hasPrefix("✗") }
        guard failures.isEmpty else { throw Docker.Failure(text: dev.output) }
    }

    /// `devloop down` of all, its data too; of the first one, over the link.
    func down(_ index: Int) async throws {
        let project = projects.projects[index]
        let folder =
            project.folder.hasPrefix("one/") ? "link/" + project.folder.dropFirst("one/".count) : project.folder
        let process = try DevloopProcess(
            ["down", "--data", "--color=never", "-f", project.file], folder: root.appendingPathComponent(folder))
        let status = await process.exitStatus()
        guard status == 0 else { throw Docker.Failure(text: "down ended with \(status): \(process.output)") }
    }

    /// The ids of a project's containers that run.
    func containers(of index: Int) async throws -> Set<String> {
        Set(try await running().filter { $0.me.hasPrefix("\(projects.token)/\(index)/") }.map(\.id))
    }

    /// The containers, volumes and networks that have to do with the case: others may use this Docker too.
    func everything() async throws -> [String] {
        var all: [String] = []
        for (listing, name) in [(["ps", "--all"], "Names"), (["volume", "ls"], "Name"), (["network", "ls"], "Name")] {
            let format = "--format={{.\(name)}} {{.Labels}}"
            all += try await Shell.attempt("docker", listing + [format]).text.split(separator: "\n").map(String.init)
        }
        return all.filter { $0.contains(projects.token) }
    }

    /// What each pod that runs sees, by who it says that it is.
    func sights() async throws -> [String: [ProjectModel.Sight]] {
        try await withThrowingTaskGroup(of: (String, ProjectModel.Sight?).self) { group in
            for container in try await running() {
                group.addTask { (container.me, try await sight(of: container.id)) }
            }
            var result: [String: [ProjectModel.Sight]] = [:]
            for try await (me, sight) in group { if let sight { result[me, default: []].append(sight) } }
            return result
        }
    }

    private func running() async throws -> [(id: String, me: String)] {
        let ids = try await Docker.run("ps", "--quiet", "--no-trunc").split(separator: "\n").map(String.init)
        guard !ids.isEmpty else { return [] }
        let format = "--format={{.Id}}{{range .Config.Env}} {{.}}{{end}}"
        let lines = try await Shell.attempt("docker", ["inspect", format] + ids).text
        return lines.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let me = words.first(where: { $0.hasPrefix("ME=\(projects.token)/") }) else { return nil }
            return (String(words[0]), String(me.dropFirst("ME=".count)))
        }
    }

    private func sight(of id: String) async throws -> ProjectModel.Sight? {
        let names = ProjectModel.names.joined(separator: " ")
        let script = """
            echo image $(busybox cat /image); for d in /c*; do [ -d $d ] && echo mark $(busybox sort $d/marks); done
            for n in \(names); do a=$(busybox wget -q -O - http://$n/ 2>/dev/null) && echo answer $n $a; done; true
            """
        let output = try await Shell.attempt("docker", ["exec", id, "sh", "-c", script])
        // It may have ended meanwhile.
        guard output.termination.isSuccess else { return nil }
        var sight = ProjectModel.Sight(image: "", marks: [], answers: [:])
        for line in output.text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            switch words[0] {
            case "image": sight.image = words.dropFirst().joined()
            case "mark": sight.marks.append(Array(words.dropFirst()))
            default: sight.answers[words[1], default: []].insert(words[2])
            }
        }
        return sight
    }

    /// Removes what a failed case may have left, and its images.
    func cleanUp() async {
        for index in projects.projects.indices { try? await down(index) }
        let names = try? await Docker.run("images", "--format={{.Repository}}:{{.Tag}}").split(separator: "\n")
            .map(String.init).filter { $0.contains("\(projects.token)/") }
        if let names, !names.isEmpty { _ = try? await Shell.attempt("docker", ["rmi", "--force"] + names) }
        try? FileManager.default.removeItem(at: root)
    }
}
