import Testing

@testable import Runner

struct ContainerEndpointsTests {
    private let workload = Workload(kind: .deployment, name: "web", namespace: "default")

    private func container(_ id: String) -> RunningContainer {
        RunningContainer(id: id, place: .docker, workload: workload, name: "web", image: "web", imageID: "sha256:1")
    }

    private func inspected(
        _ id: String, address: String = "172.18.0.2", mode: String = "devloop-shop", isRunning: Bool = true
    ) -> JSONValue {
        [
            "Id": .string(id), "State": ["Running": .bool(isRunning), "StartedAt": "2026-11-26T09:28:00.1Z"],
            "Config": ["Labels": ["dev.devloop.instance": .string("i-\(id)")]],
            "HostConfig": ["NetworkMode": .string(mode)],
            "NetworkSettings": ["Networks": ["n": ["IPAddress": .string(address)]]],
        ]
    }

    @Test func aContainerHasAnAddressAndTheStartOfItsPod() throws {
        let endpoint = try #require(PodEndpoint(inspected("a"), of: workload))
        #expect(endpoint.place == .address("172.18.0.2") && endpoint.revision == "i-a")
        #expect(endpoint.created == "2026-11-26T09:28:00.1")
    }

    @Test func whatHasNoAddressIsNone() {
        #expect(PodEndpoint(inspected("a", address: ""), of: workload) == nil)
        #expect(PodEndpoint(inspected("a", isRunning: false), of: workload) == nil)
        #expect(PodEndpoint(inspected("a", address: "", mode: "host"), of: workload)?.place == .address("127.0.0.1"))
    }

    @Test func whatIsGoneIsToldAtOnceAndWhatStartsWhenItWasLookedAt() throws {
        var endpoints = ContainerEndpoints()
        let (first, second) = try (
            #require(PodEndpoint(inspected("a"), of: workload)), #require(PodEndpoint(inspected("b"), of: workload))
        )
        let one = endpoints.runs([container("a")], of: workload)
        #expect(endpoints.found([first], of: workload, version: one.version) == [first])
        let two = endpoints.runs([container("a"), container("b")], of: workload)
        let three = endpoints.runs([container("b")], of: workload)
        #expect(two.gone == [] && three.gone == [first])
        // It was looked at while the first one ran.
        #expect(endpoints.found([first, second], of: workload, version: two.version) == [])
        #expect(endpoints.found([second], of: workload, version: three.version) == [second])
    }
}
