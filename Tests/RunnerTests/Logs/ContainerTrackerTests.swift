import Testing

@testable import Runner

struct ContainerTrackerTests {
    private let web = Workload(kind: .deployment, name: "web")

    private func event(
        _ action: String, _ id: String = "c1", signal: String? = nil, exitCode: Int = 0, network: String = ""
    ) throws -> DockerEvent {
        let signal = (signal.map { #", "signal": "\#($0)""# } ?? "") + #", "exitCode": "\#(exitCode)""#
        let json = #"""
            {"Action": "\#(action)", "Actor": {"ID": "\#(id)", "Attributes": {"\#(DockerLabel.workload)": "deployment/web",
            "\#(DockerLabel.pod)": "several", "\#(DockerLabel.container)": "app",
            "\#(DockerLabel.network)": "\#(network)",
            "\#(DockerLabel.instance)": "i1"\#(signal)}}}
            """#
        return try #require(DockerEvent(Array(json.utf8), namespace: "default"))
    }

    private func words(_ actions: [ContainerTracker.Action]) -> [String] {
        actions.compactMap { action in
            switch action {
            case .follow(let container, let isOld, _): "follow \(container.id)\(isOld ? ", old" : "")"
            case .update(let id, let state):
                "\(id): start \(state.starts)" + (state.isRunning ? ", runs" : "") + (state.isGone ? ", gone" : "")
            case .rejoin(let instance, _): "rejoin \(instance)"
            case .tell(let event, .itself): "tell \(event.container.id)"
            case .tell(let event, .somebody): "tell \(event.container.id), stopped"
            case .tell(let event, .outOfMemory): "tell \(event.container.id), out of memory"
            case .running: nil
            }
        }
    }

    private func tracker(follows: Bool = true) -> ContainerTracker { ContainerTracker { _ in follows } }

    @Test func aContainerIsFollowedFromItsStartToItsRemoval() throws {
        var tracker = tracker()
        #expect(words(tracker.handle(try event("start"))) == ["follow c1"])
        #expect(words(tracker.handle(try event("die"))) == ["c1: start 1", "tell c1"])
        #expect(words(tracker.handle(try event("start"))) == ["c1: start 2, runs"])
        #expect(words(tracker.handle(try event("kill", signal: "15"))) == [])
        #expect(words(tracker.handle(try event("die"))) == ["c1: start 2", "tell c1, stopped"])
        #expect(words(tracker.handle(try event("destroy"))) == ["c1: start 2, gone"])
        #expect(words(tracker.handle(try event("destroy"))) == [])
    }

    @Test func aContainerThatTheKernelEndedForItsMemoryIsToldSo() throws {
        var tracker = tracker()
        _ = tracker.handle(try event("start"))
        _ = tracker.handle(try event("oom"))
        #expect(words(tracker.handle(try event("die", exitCode: 137))) == ["c1: start 1", "tell c1, out of memory"])
        _ = tracker.handle(try event("start"))
        #expect(words(tracker.handle(try event("die", exitCode: 137))) == ["c1: start 2", "tell c1"])
        // A child of its program was ended, and the program by itself later.
        _ = tracker.handle(try event("start"))
        _ = tracker.handle(try event("oom"))
        #expect(words(tracker.handle(try event("die", exitCode: 1))) == ["c1: start 3", "tell c1"])
    }

    @Test func whatRunsIsToldWheneverItChanges() throws {
        func running(_ actions: [ContainerTracker.Action]) -> [[String]] {
            actions.compactMap { if case .running(_, let containers) = $0 { containers.map(\.id) } else { nil } }
        }
        // Also where nobody reads the logs.
        var tracker = tracker(follows: false)
        #expect(running(tracker.handle(try event("start"))) == [["c1"]])
        #expect(running(tracker.handle(try event("start", "c2"))) == [["c1", "c2"]])
        #expect(running(tracker.handle(try event("kill", signal: "15"))) == [])
        #expect(running(tracker.handle(try event("die"))) == [["c2"]])
        #expect(running(tracker.handle(try event("start"))) == [["c1", "c2"]])
        #expect(running(tracker.listed([], at: try #require(EngineTime("2026-01-01T00:00:00Z")))) == [[]])
        #expect(running(tracker.handle(try event("destroy", "c2"))) == [])
    }

    @Test func aSignalThatDoesNotEndItIsNobodysStop() throws {
        var tracker = tracker()
        _ = tracker.handle(try event("start"))
        _ = tracker.handle(try event("kill", signal: "1"))
        #expect(words(tracker.handle(try event("die"))).last == "tell c1")
    }

    @Test func theOthersJoinANetworkThatItsOwnerHasMadeAnew() throws {
        var tracker = tracker()
        #expect(words(tracker.handle(try event("start", network: "owner"))) == ["follow c1"])
        #expect(words(tracker.handle(try event("start", network: "owner"))) == ["c1: start 2, runs", "rejoin i1"])
    }

    @Test func whatHappenedWhileNobodyListenedIsSeenInTheList() throws {
        var tracker = tracker()
        let time = EngineTime(seconds: 1)
        func listed(_ id: String, state: String = "running") throws -> ListedContainer {
            let row = [
                id, state, "deployment/web", "default", "app", "i1", "", "", "", "main", "", "", "", "", "", "\"\"",
            ]
            let output = CommandOutput(
                termination: .exited(0), standardOutput: Array(row.joined(separator: "\t").utf8))
            return try #require(
                DockerCommand(project: .init(name: "shop", place: ""), namespace: "default").allContainers(in: output)
                    .first)
        }
        #expect(
            words(tracker.listed([try listed("c2"), try listed("c1")], at: time)) == [
                "follow c1, old", "follow c2, old",
            ])
        #expect(
            words(tracker.listed([try listed("c3"), try listed("c2", state: "exited")], at: time)) == [
                "c1: start 1, runs, gone", "c2: start 1", "follow c3",
            ])
    }

    @Test func whatIsNotShownIsToldOfAllTheSame() throws {
        var tracker = tracker(follows: false)
        #expect(words(tracker.handle(try event("start"))) == [])
        #expect(words(tracker.handle(try event("die"))) == ["tell c1"])
    }
}
