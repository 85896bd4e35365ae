import Testing

@testable import Runner

/// Names on a Docker that many projects share: what belongs to different things never has one name, and what belongs to
/// one thing always the same. Names that are made by joining others are the hard ones, so all are made of few parts.
@Suite struct ProjectNamesTests {
    private struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state ^ (state >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        }

        mutating func name(upTo parts: Int = 3, limit: Int = 63) -> String {
            if Int.random(in: 0..<30, using: &self) == 0 { return String(repeating: "x", count: limit) }
            let words = ["a", "b", "all", "api", "data", "shop", "0"]
            return (0..<Int.random(in: 1...parts, using: &self)).map { _ in words.randomElement(using: &self)! }
                .joined(separator: "-")
        }

        mutating func place() -> String {
            ["/a/devloop.json", "/b/devloop.json", "/a/other.json", "/ä,\"b\"\t/c\n/devloop.json"]
                .randomElement(using: &self)!
        }

        mutating func part() -> String {
            let parts = ["", "", "", "x", "x/y", "x-y", "data", "ä", String(repeating: "/long", count: 60)]
            return parts.randomElement(using: &self)!
        }
    }

    private func isTaken(byDocker name: String) -> Bool {
        name.utf8.count <= 255 && name.wholeMatch(of: /[a-zA-Z0-9][a-zA-Z0-9_.-]+/) != nil
    }

    @Test func aVolumeBelongsToOneClaimOfOneProject() throws {
        var random = Random(state: 14)
        for _ in 0..<100 {
            var docker: [ListedVolume] = []
            // What earlier versions and other people left.
            for _ in 0..<3 {
                docker.append(
                    ListedVolume(
                        name: "devloop-\(random.name())", project: random.name(upTo: 2), place: "", namespace: "",
                        claim: "", part: "", instance: ""))
            }
            var adopted: [ProjectIdentity: [String: PersistentVolume]] = [:]
            var names: [String: (ProjectIdentity, PersistentVolume)] = [:]
            for _ in 0..<60 {
                let project = ProjectIdentity(name: random.name(upTo: 2), place: random.place())
                let volume = PersistentVolume(
                    namespace: random.name(upTo: 1), claim: random.name(limit: 253), part: random.part())
                // Whoever uses what an earlier version left has a pod on it.
                let users = names.map { container(of: $1.0, in: $1.1.namespace, mounts: $0) }
                    .filter { $0.project == project.name }.map(\.container)
                var found: String?
                for _ in 0..<3 where found == nil {
                    let volumes = ProjectVolumes(
                        project: project, listed: docker, containers: users)
                    switch volumes.answer(for: volume, adopted: adopted[project] ?? [:]) {
                    case .found(let name): found = name
                    case .missing(let name, _):
                        #expect(isTaken(byDocker: name), "\(name)")
                        guard !docker.contains(where: { $0.name == name }) else { continue }
                        docker.append(
                            ListedVolume(
                                name: name, project: project.name, place: project.place, namespace: volume.namespace,
                                claim: volume.claim, part: volume.part, instance: ""))
                    }
                }
                let name = try #require(found)
                adopted[project, default: [:]][name] = volume
                if let other = names[name] { #expect(other == (project, volume)) }
                names[name] = (project, volume)
            }
        }
    }

    private func container(
        of project: ProjectIdentity, in namespace: String, mounts name: String
    ) -> (project: String, container: ListedContainer) {
        let container = ListedContainer(
            id: "c", place: project.place, state: "running",
            workload: Workload(kind: .deployment, name: "w", namespace: namespace), container: "c", instance: "i",
            specification: "", image: "", builtImage: "", role: "main", volumes: [], ports: [:], hasSiblings: false,
            networks: [], mounts: [name])
        return (project.name, container)
    }

    @Test func aNetworkBelongsToOneNamespaceOfOneProject() {
        var random = Random(state: 15)
        for _ in 0..<200 {
            var docker: [ListedNetwork] = []
            var asked: [(ProjectIdentity, NetworkScope)] = []
            // Docker gives names twice where two ask at once: now and then the second doesn't see the first.
            for number in 0..<20 {
                let project = ProjectIdentity(name: random.name(upTo: 2), place: random.place())
                let scopes = Set((0..<2).map { _ in NetworkScope.namespace(random.name(upTo: 2)) } + [.all])
                asked += scopes.map { (project, $0) }
                let seen = Bool.random(using: &random) ? docker : docker.filter { _ in Bool.random(using: &random) }
                for step in networks(of: project, seen).steps(for: scopes) {
                    guard case .make(let name, let scope) = step else { continue }
                    let id = "\(UInt32.random(in: 0...UInt32.max, using: &random))-\(number)"
                    docker.append(
                        ListedNetwork(
                            id: id, name: name, created: id, project: project.name, place: project.place,
                            scope: scope.label))
                    #expect(isTaken(byDocker: name), "\(name)")
                }
            }
            settle(&docker, asked, &random)
            #expect(Set(docker.map(\.name)).count == docker.count, "two networks have one name: \(docker)")
            for (project, scope) in asked {
                let own = docker.filter {
                    $0.project == project.name && $0.place == project.place && $0.scope == scope.label
                }
                #expect(own.count == 1 && networks(of: project, docker)[scope] == own.first)
            }
        }
    }

    private func networks(of project: ProjectIdentity, _ listed: [ListedNetwork]) -> ProjectNetworks {
        ProjectNetworks(project: project, namespace: "a", listed: listed)
    }

    /// Lets all projects look again, in any order, until nobody has anything to do.
    private func settle(
        _ docker: inout [ListedNetwork], _ asked: [(ProjectIdentity, NetworkScope)], _ random: inout Random
    ) {
        for round in 0..<10 {
            var isSettled = true
            for (project, scope) in asked.shuffled(using: &random) {
                for step in networks(of: project, docker).steps(for: [scope]) {
                    isSettled = false
                    switch step {
                    case .remove(let id): docker.removeAll { $0.id == id }
                    case .make(let name, let scope):
                        guard !docker.contains(where: { $0.name == name }) else { continue }
                        docker.append(
                            ListedNetwork(
                                id: "x\(round)\(UInt32.random(in: 0...UInt32.max, using: &random))", name: name,
                                created: "x\(round)", project: project.name, place: project.place, scope: scope.label))
                    }
                }
            }
            if isSettled { return }
        }
        Issue.record("the networks are not settled after ten rounds")
    }

    @Test func namesOfContainersAndFoldersOfPodsAreTakenByDocker() {
        var random = Random(state: 16)
        for _ in 0..<5000 {
            let commands = DockerCommand(project: .init(name: random.name(), place: random.place()), namespace: "a")
            let volumes = (0..<4).map { _ in EphemeralVolume(name: random.name(), part: random.part()) }
            let names = Set(volumes).map { commands.ephemeralVolume($0, instance: "0123abcd") }
            #expect(names.allSatisfy(isTaken))
            #expect(Set(names).count == names.count, "\(volumes)")
            let container = DockerName.joined([random.name(), random.name(limit: 253), "0123abcd", random.name()])
            #expect(isTaken(byDocker: container), "\(container)")
        }
    }

    @Test(arguments: [[], ["a"], ["a,b", "c=d", "e\tf\n", "\"", ""], ["[]"]])
    func whatIsInAListOfALabelComesOutAgain(values: [String]) {
        let text = DockerLabel.list(values)
        #expect(DockerLabel.values(in: text) == values)
        #expect(!text.contains("\t") && !text.contains("\n"))
    }

    @Test func aListOfAnEarlierVersionIsRead() {
        #expect(DockerLabel.values(in: "devloop-a,devloop-b") == ["devloop-a", "devloop-b"])
        #expect(DockerLabel.values(in: "") == [])
    }
}
