import Synchronization
import Testing

@testable import Runner

/// Networks and volumes on a Docker that others use at the same time.
@Suite(.timeLimit(.minutes(1)))
struct ProjectGroundTests {
    private let docker = FakeDocker()
    private let data = PersistentVolume(namespace: "default", claim: "data")

    private func ground(_ name: String = "shop", in place: String = "/a") -> ProjectGround {
        ProjectGround(
            commands: DockerCommand(
                project: .init(name: name, place: "\(place)/devloop.json"), namespace: "default"), launcher: docker)
    }

    @Test func whatIsThereIsFoundAgain() async throws {
        let first = try await ground().networks(for: ["default"])
        #expect(first.wereMissing)
        let second = try await ground().networks(for: ["default"])
        #expect(!second.wereMissing)
        #expect(docker.networks.map(\.name) == ["devloop-shop"])
        #expect(second.networks[.namespace("default")]?.id == docker.networks[0].id)
        #expect(second.networks[.all] == nil)
    }

    @Test func aNetworkThatSomebodyDeletesComesBack() async throws {
        _ = try await ground().networks(for: ["default"])
        docker.removeAll()
        #expect(try await ground().networks(for: ["default"]).wereMissing)
        #expect(docker.networks.count == 1)
    }

    @Test func severalCallsAtOnceMakeOneNetwork() async throws {
        let ground = ground()
        try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 1...10 {
                group.addTask { try await ground.networks(for: ["default"]).networks[.namespace("default")]?.id }
            }
            var ids: Set<String?> = []
            for try await id in group { ids.insert(id) }
            #expect(ids.count == 1)
        }
        #expect(docker.networks.count == 1)
        #expect(docker.count("network create") == 1)
    }

    @Test func twoDevloopsAtOnceEndUpOnOneNetwork() async throws {
        // Docker itself lets a second one of the name be made at the same time.
        docker.makesDoubles()
        let (one, two) = (ground(), ground())
        docker.holdCreations(until: 2)
        async let first = one.networks(for: ["default"])
        async let second = two.networks(for: ["default"])
        _ = try await (first, second)
        let now = try await ground().networks(for: ["default"])
        #expect(!now.wereMissing)
        #expect(docker.networks.count == 1)
    }

    @Test func twoNetworksOfOneNameBecomeOne() async throws {
        docker.makesDoubles()
        let labels = [
            "dev.devloop.project": "shop", "dev.devloop.place": "/a/devloop.json", "dev.devloop.namespace": "default",
        ]
        docker.add(network: "devloop-shop", labels)
        docker.add(network: "devloop-shop", labels)
        docker.attach("c1", to: 1)
        let oldest = docker.networks[0].id
        let result = try await ground().networks(for: ["default"])
        #expect(docker.networks.map(\.id) == [oldest])
        #expect(result.networks[.namespace("default")]?.id == oldest)
    }

    @Test func aNetworkOfAnotherProjectWithTheSameNameIsLeftAlone() async throws {
        _ = try await ground("shop-api").networks(for: ["default"])
        _ = try await ground("shop").networks(for: ["api"])
        _ = try await ground("shop", in: "/b").networks(for: ["default", "api"])
        #expect(Set(docker.networks.map(\.name)).count == docker.networks.count)
        #expect(docker.networks.count == 5)
    }

    @Test func severalNamespacesHaveOneNetworkInCommon() async throws {
        let networks = try await ground().networks(for: ["default", "other"]).networks
        let pods = try ["default", "other"].map { try networks.pod(in: $0) }
        #expect(pods[0].own != pods[1].own)
        #expect(pods[0].all != nil && pods[0].all == pods[1].all)
    }

    @Test func aVolumeKeepsItsName() async throws {
        let first = try await ground().volumes([data], containers: [])
        let second = try await ground().volumes([data], containers: [])
        #expect(first.names == [data: "devloop-shop-data"])
        #expect(second.names == first.names)
        #expect(second.notices == [])
    }

    @Test(
        arguments: [
            ("shop-api", "/a", PersistentVolume(namespace: "default", claim: "data")),
            ("shop", "/b", PersistentVolume(namespace: "default", claim: "api-data")),
            ("shop", "/a", PersistentVolume(namespace: "other", claim: "api-data")),
            ("shop", "/a", PersistentVolume(namespace: "default", claim: "api", part: "data")),
        ])
    func aVolumeOfAnotherIsNotShared(name: String, place: String, volume: PersistentVolume) async throws {
        let mine = PersistentVolume(namespace: "default", claim: "api-data")
        let first = try await ground().volumes([mine], containers: [])
        let second = try await ground(name, in: place).volumes([volume], containers: [])
        #expect(first.names[mine] == "devloop-shop-api-data")
        #expect(second.names[volume] != first.names[mine])
        #expect(docker.volumes.count == 2)
    }

    @Test func aVolumeThatAnotherMakesInBetweenIsNotShared() async throws {
        docker.beforeNextCreation { docker in
            docker.add(
                volume: "devloop-shop-data",
                ["dev.devloop.project": "shop", "dev.devloop.place": "/b/devloop.json", "dev.devloop.claim": "data"])
        }
        let names = try await ground().volumes([data], containers: []).names
        #expect(names[data] != nil && names[data] != "devloop-shop-data")
    }

    @Test func theDataOfAnEarlierVersionGoesOnBeingUsed() async throws {
        docker.add(volume: "devloop-shop-data", ["dev.devloop.project": "shop"])
        let ground = ground()
        #expect(try await ground.volumes([data], containers: []).names == [data: "devloop-shop-data"])
        // By one claim.
        let other = PersistentVolume(namespace: "other", claim: "data")
        let second = try await ground.volumes([other], containers: [])
        #expect(second.names[other] != "devloop-shop-data")
        #expect(
            DockerNotice.lines(second.notices) == [
                "the claim data of namespace other begins empty, in the volume \(second.names[other] ?? ""), and leaves "
                    + "alone devloop-shop-data, which an earlier devloop made, and another claim or project uses"
            ])
    }

    @Test(arguments: [("/b/devloop.json", "default", false), ("", "other", false), ("", "default", true)])
    func theDataOfAnEarlierVersionStaysWithThePodThatUsesIt(place: String, namespace: String, isUsed: Bool) async throws
    {
        docker.add(volume: "devloop-shop-data", ["dev.devloop.project": "shop"])
        let user = ListedContainer(
            id: "c", place: place, state: "running",
            workload: Workload(kind: .deployment, name: "db", namespace: namespace), container: "c", instance: "i",
            specification: "", image: "", builtImage: "", role: "main", volumes: [], ports: [:], hasSiblings: false,
            networks: [], mounts: ["devloop-shop-data"])
        let names = try await ground().volumes([data], containers: [user]).names
        #expect((names[data] == "devloop-shop-data") == isUsed)
    }
}

/// The networks and volumes of a Docker, as its own command treats them.
private final class FakeDocker: CommandRunning {
    struct Thing: Sendable {
        var id: String
        var name: String
        var labels: [String: String]
        var containers: Set<String> = []
    }

    private struct Shared {
        var networks: [Thing] = []
        var volumes: [Thing] = []
        var commands: [String] = []
        var made = 0
        var makesDoubles = false
        var held = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
        var before: (@Sendable (FakeDocker) -> Void)?
    }

    private let shared = Mutex(Shared())

    var networks: [Thing] { shared.withLock { $0.networks } }
    var volumes: [Thing] { shared.withLock { $0.volumes } }

    func count(_ start: String) -> Int { shared.withLock { $0.commands.count { $0.hasPrefix(start) } } }
    func removeAll() { shared.withLock { ($0.networks, $0.volumes) = ([], []) } }
    func makesDoubles() { shared.withLock { $0.makesDoubles = true } }
    /// Nobody's network is made before so many are to be made.
    func holdCreations(until count: Int) { shared.withLock { $0.held = count } }
    func beforeNextCreation(_ body: @escaping @Sendable (FakeDocker) -> Void) { shared.withLock { $0.before = body } }
    func attach(_ container: String, to index: Int) {
        shared.withLock { _ = $0.networks[index].containers.insert(container) }
    }

    func add(network name: String, _ labels: [String: String]) {
        shared.withLock { shared in
            shared.made += 1
            // Ids say nothing of the order.
            let id = "\(97 - shared.made)"
            shared.networks.append(Thing(id: id, name: name, labels: labels))
        }
    }

    func add(volume name: String, _ labels: [String: String]) {
        shared.withLock { shared in
            guard !shared.volumes.contains(where: { $0.name == name }) else { return }
            shared.volumes.append(Thing(id: name, name: name, labels: labels))
        }
    }

    func run(_ command: Command, output: OutputHandling) async throws -> CommandOutput {
        let words = command.arguments
        let kind = words.prefix(2).joined(separator: " ")
        shared.withLock { $0.commands.append(words.joined(separator: " ")) }
        var labels: [String: String] = [:]
        for word in words where word.hasPrefix("--label=") {
            let parts = word.split(separator: "=", maxSplits: 2, omittingEmptySubsequences: false)
            labels[String(parts[1])] = String(parts[2])
        }
        let last = words.last ?? ""
        switch kind {
        case "network ls": return prints(networks, command)
        case "volume ls": return prints(volumes, command)
        case "volume create":
            let before = shared.withLock { shared in
                defer { shared.before = nil }
                return shared.before
            }
            before?(self)
            add(volume: last, labels)
        case "network create":
            await hold()
            let exists = shared.withLock { shared in
                !shared.makesDoubles && shared.networks.contains { $0.name == last }
            }
            if exists { return fails("network with name \(last) already exists") }
            add(network: last, labels)
        case "network rm":
            return shared.withLock { shared in
                guard let index = shared.networks.firstIndex(where: { $0.id == last }) else {
                    return fails("network \(last) not found")
                }
                guard shared.networks[index].containers.isEmpty else { return fails("has active endpoints") }
                shared.networks.remove(at: index)
                return CommandOutput(termination: .exited(0))
            }
        case "network inspect":
            let containers = networks.first { $0.id == last }?.containers ?? []
            return prints(containers.map { "\($0)\n" }.joined())
        case "network disconnect":
            shared.withLock { shared in
                for index in shared.networks.indices where words.contains(shared.networks[index].id) {
                    shared.networks[index].containers.remove(last)
                }
            }
        default: Issue.record("nobody expected: \(command)")
        }
        return CommandOutput(termination: .exited(0))
    }

    private func hold() async {
        await withCheckedContinuation { continuation in
            let go = shared.withLock { shared in
                shared.waiting.append(continuation)
                guard shared.waiting.count >= shared.held else { return [CheckedContinuation<Void, Never>]() }
                defer { shared.waiting = [] }
                return shared.waiting
            }
            for waiter in go { waiter.resume() }
        }
    }

    private func prints(_ things: [Thing], _ command: Command) -> CommandOutput {
        let format = command.arguments.last?.dropFirst("--format=".count).split(separator: "\t") ?? []
        let rows = things.enumerated().map { index, thing in
            format.map { column -> String in
                switch column {
                case "{{.ID}}": return thing.id
                case "{{.Name}}": return thing.name
                case "{{.CreatedAt}}": return "2026-01-01 00:00:0\(index)"
                default:
                    let label = column.split(separator: "\"")[1]
                    return JSONValue.string(thing.labels[String(label)] ?? "").description
                }
            }.joined(separator: "\t") + "\n"
        }
        return prints(rows.joined())
    }

    private func prints(_ text: String) -> CommandOutput {
        CommandOutput(termination: .exited(0), standardOutput: Array(text.utf8))
    }

    private func fails(_ text: String) -> CommandOutput {
        CommandOutput(termination: .exited(1), standardError: Array(text.utf8))
    }
}
