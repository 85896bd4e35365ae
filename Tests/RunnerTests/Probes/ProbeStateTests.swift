import Testing

@testable import Runner

/// What answers to probes mean, without a clock.
struct ProbeStateTests {
    private func probe(_ kind: ContainerProbe.Kind, _ fields: String = "") throws -> ContainerProbe {
        let json = try JSONParser.parse(Array(#"{"httpGet": {"port": 80, "path": "/a"}\#(fields)}"#.utf8))
        return ContainerProbe(json, kind, ports: [:])
    }

    private func state(_ probes: ContainerProbe...) -> ProbeState {
        var state = ProbeState(probes)
        _ = state.begin()
        return state
    }

    private let no = ProbeAnswer.failure("503")

    @Test func numbersThatAreLeftOutHaveKubernetesDefaults() throws {
        let probe = try probe(.readiness)
        #expect((probe.initialDelay, probe.period, probe.timeout) == (.zero, .seconds(10), .seconds(1)))
        #expect((probe.successThreshold, probe.failureThreshold) == (1, 3))
        #expect(probe.words == "GET :80/a")
    }

    @Test func whatHasNoReadinessProbeIsReadyOnceItRuns() throws {
        var state = ProbeState([try probe(.liveness)])
        #expect(state.begin() == [.ready])
        #expect(state.isReady && state.next?.at == .zero)
    }

    @Test func aProgramThatIsStartedAgainInItsPlaceHasTheTimeOfAStart() throws {
        var state = state(try probe(.readiness, #", "failureThreshold": 1"#))
        #expect(state.take(.success, to: .readiness, at: .zero) == [.ready])
        state.restart = .seconds(60)
        #expect(state.take(no, to: .readiness, at: .seconds(61)) == [.unready])
        #expect(state.troubleDue == .seconds(70))
        #expect(state.advance(to: .seconds(70)) == [.troubled(.readiness, "GET :80/a: 503")])
    }

    @Test func aContainerIsNotReadyBeforeItsProbeSucceeds() throws {
        var state = state(try probe(.readiness, #", "initialDelaySeconds": 5"#))
        #expect(!state.isReady && state.next?.at == .seconds(5))
        #expect(state.take(no, to: .readiness, at: .seconds(5)) == [])
        #expect(state.trouble?.words == "GET :80/a: 503")
        #expect(state.take(.success, to: .readiness, at: .seconds(6)) == [.ready])
        #expect(state.isReady && state.trouble == nil)
    }

    @Test func oneThatIsWaitedForIsAskedMoreOftenThanOneThatIsReady() throws {
        var state = state(try probe(.readiness))
        _ = state.take(no, to: .readiness, at: .zero)
        #expect(state.next?.at == .seconds(1))
        _ = state.take(.success, to: .readiness, at: .seconds(1))
        #expect(state.next?.at == .seconds(11))
    }

    @Test func readinessIsLostAfterSoManyFailuresInARow() throws {
        var state = state(try probe(.readiness, #", "failureThreshold": 2, "periodSeconds": 5"#))
        _ = state.take(.success, to: .readiness, at: .zero)
        #expect(state.take(no, to: .readiness, at: .seconds(5)) == [])
        #expect(state.take(.success, to: .readiness, at: .seconds(10)) == [])
        #expect(state.take(no, to: .readiness, at: .seconds(15)) == [])
        let words = "GET :80/a: 503"
        #expect(state.take(no, to: .readiness, at: .seconds(20)) == [.unready, .troubled(.readiness, words)])
        #expect(state.take(.success, to: .readiness, at: .seconds(21)) == [.ready])
    }

    @Test func itTakesSoManySuccessesInARow() throws {
        var state = state(try probe(.readiness, #", "successThreshold": 2, "periodSeconds": 2"#))
        #expect(state.take(.success, to: .readiness, at: .zero) == [])
        #expect(state.take(no, to: .readiness, at: .seconds(2)) == [])
        #expect(state.take(.success, to: .readiness, at: .seconds(4)) == [])
        #expect(state.next?.at == .seconds(6))
        #expect(state.take(.success, to: .readiness, at: .seconds(6)) == [.ready])
    }

    @Test func aStartThatTakesLongIsWorthAWordOnce() throws {
        var state = state(try probe(.readiness, #", "failureThreshold": 1, "periodSeconds": 2"#))
        _ = state.take(no, to: .readiness, at: .zero)
        #expect(state.troubleDue == .seconds(10))
        #expect(state.advance(to: .seconds(9)) == [])
        #expect(state.advance(to: .seconds(10)) == [.troubled(.readiness, "GET :80/a: 503")])
        #expect(state.advance(to: .seconds(20)) == [] && state.troubleDue == nil)
    }

    @Test func whatNobodyHasAskedYetIsNoTrouble() throws {
        var state = state(try probe(.readiness))
        #expect(state.advance(to: .seconds(3600)) == [] && state.troubleDue == nil)
        #expect(state.take(.success, to: .readiness, at: .seconds(3600)) == [.ready])
    }

    @Test func nothingElseIsAskedBeforeTheStartupProbeSucceeds() throws {
        var state = state(
            try probe(.startup), try probe(.readiness, #", "initialDelaySeconds": 3"#), try probe(.liveness))
        #expect(state.next?.probe.kind == .startup)
        #expect(state.take(.success, to: .startup, at: .seconds(7)) == [])
        #expect(state.next?.probe.kind == .liveness && state.next?.at == .seconds(7))
        _ = state.take(.success, to: .liveness, at: .seconds(7))
        #expect(state.next?.probe.kind == .readiness && state.next?.at == .seconds(10))
    }

    /// However often it is asked in between.
    @Test func failuresOfAStartupProbeCountOnceAPeriod() throws {
        var state = state(try probe(.startup, #", "failureThreshold": 2, "periodSeconds": 3"#))
        for second in 0...2 { #expect(state.take(no, to: .startup, at: .seconds(second)) == []) }
        #expect(state.take(no, to: .startup, at: .seconds(3)) == [.kill(.startup, "GET :80/a: 503")])
        #expect(state.next == nil && state.troubleDue == nil)
    }

    @Test func whatFailsItsLivenessProbeIsEndedAndNotReadyAnyMore() throws {
        var state = state(try probe(.liveness, #", "failureThreshold": 2"#))
        #expect(state.take(no, to: .liveness, at: .zero) == [])
        #expect(state.take(no, to: .liveness, at: .seconds(10)) == [.unready, .kill(.liveness, "GET :80/a: 503")])
        #expect(!state.isReady)
        // An answer that comes late.
        #expect(state.take(.success, to: .liveness, at: .seconds(10)) == [])
    }

    @Test(arguments: [ContainerProbe.Kind.startup, .readiness])
    func whatCannotBeAskedCountsAsNotThere(kind: ContainerProbe.Kind) throws {
        var state = state(try probe(kind))
        #expect(state.take(.impossible("no nc"), to: kind, at: .zero) == [.ready])
        #expect(state.next == nil)
    }

    @Test func aProbeNamesPortsAndHostsAsItMay() throws {
        let container = try JSONParser.parse(
            Array(
                """
                {"ports": [{"name": "http", "containerPort": 3000}], "startupProbe": {"exec": {"command": ["a", "b"]}},
                "readinessProbe": {"httpGet": {"port": "http", "scheme": "HTTPS", "host": "h",
                "httpHeaders": [{"name": "X", "value": "y"}]}}, "livenessProbe": {"tcpSocket": {"port": 6379}}}
                """.utf8))
        #expect(
            ContainerProbe.all(of: container).map(\.question) == [
                .run(["a", "b"]), .connect(port: 6379, host: nil),
                .get(path: "/", port: 3000, isSecure: true, host: "h", headers: [.init(name: "X", value: "y")]),
            ])
        #expect(ContainerProbe(["grpc": ["port": 1]], .liveness, ports: [:]).question == .unasked("it asks by gRPC"))
    }
}
