import Foundation
import Testing

/// What goes wrong around a running `dev`: what the user sees, and that the loop is back by itself.
@Suite(.serialized) struct FaultTests {
    /// The longest that it may take from the end of a fault until the edit is live.
    private static let limit = Duration.seconds(5)

    /// Saves, breaks something when a line comes, mends it, and looks that what was saved runs.
    /// - Parameter pods: how many new pods may start, each of which says so.
    private func survive(
        _ fault: String, on stage: FaultStage, breaking line: String = "app: version changed, building",
        _ inject: (FaultStage) async throws -> Void, sees: String?, lasting: Duration = .zero, pods: Int = 1,
        mend: (FaultStage) async throws -> Void
    ) async throws {
        do {
            let mark = stage.dev.lineCount
            try stage.project.save(version: "two")
            try await stage.dev.line(from: mark, containing: line)
            try await inject(stage)
            if let sees { try await stage.dev.line(from: mark, containing: sees) }
            // The fault's own length.
            try await Task.sleep(for: lasting)
            let isLiveAlready = stage.dev.output.components(separatedBy: "✓ app live in").count > 2
            try await mend(stage)
            let mended = ContinuousClock.now
            try await stage.dev.line(from: mark, containing: "✓ app live in")
            let back = ContinuousClock.now - mended
            try await stage.dev.line(from: mark, containing: "version two starts")
            let shown = stage.dev.output.components(separatedBy: "version two starts").count - 1
            #expect((1...pods).contains(shown), "\(stage.dev.output)")
            #expect(back < Self.limit, "\(stage.dev.output)")
            // And the loop goes on.
            let after = stage.dev.lineCount
            try stage.project.save(version: "three")
            try await stage.dev.line(from: after, containing: "✓ app live in")
            try await stage.dev.line(from: after, containing: "version three starts")
            try await stage.finish()
            FaultTable.add(
                fault, sees: sees ?? "nothing", backAfter: isLiveAlready ? nil : back,
                survived: back < Self.limit && (1...pods).contains(shown))
        } catch {
            FaultTable.add(fault, sees: sees ?? "nothing", backAfter: nil, survived: false)
            await stage.cleanUp()
            throw error
        }
    }

    // MARK: On Docker

    @Test(.enabled(if: Docker.isThere && TinyProject.isPossible), .timeLimit(.minutes(2)))
    func theDockerDaemonStopsAndStartsDuringABuild() async throws {
        try await survive(
            "the Docker daemon stops during a build", on: try await FaultStage(onCluster: false, slowBuild: true),
            { $0.daemon.set(.refusing) }, sees: "Docker daemon", lasting: .seconds(3),
            mend: { $0.daemon.set(.passing) })
    }

    @Test(.enabled(if: Docker.isThere && TinyProject.isPossible), .timeLimit(.minutes(2)))
    func theDiskIsFull() async throws {
        let message = #"{"message":"write /var/lib/docker/tmp/builder/x: no space left on device"}"#
        let answer =
            "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nApi-Version: 1.41\r\n"
            + "Content-Length: \(message.utf8.count)\r\nConnection: close\r\n\r\n\(message)"
        try await survive(
            "the disk is full while building", on: try await FaultStage(onCluster: false, slowBuild: true),
            { $0.daemon.set(.answering(answer)) }, sees: "no space left on device", lasting: .seconds(3),
            mend: { $0.daemon.set(.passing) })
    }

    /// What a laptop does that was closed for an hour: nothing runs meanwhile, and then the clocks have jumped. Or
    /// somebody sets the time back.
    @Test(
        .enabled(if: Docker.isThere && TinyProject.isPossible && ShiftedClock.isPossible), .timeLimit(.minutes(2)),
        arguments: [3600, -3600])
    func theClockJumpsByAnHour(seconds: Int) async throws {
        let clock = try await ShiftedClock()
        defer { clock.remove() }
        try await survive(
            seconds > 0 ? "the machine sleeps for an hour" : "the clock is set back by an hour",
            on: try await FaultStage(onCluster: false, environment: clock.environment),
            { stage in
                stage.dev.signal(SIGSTOP)
                try stage.project.save(version: "lost")
                try stage.project.save(version: "two")
                try clock.jump(seconds: seconds)
                stage.dev.signal(SIGCONT)
                try await Shell.until { clock.hasReached(stage.dev.pid) }
            }, sees: nil, mend: { _ in })
    }

    // MARK: On a cluster

    /// What `dev --verbose` says when it waits for a rollout.
    private static let waiting = "/deployments?fieldSelector=metadata.name=app&watch=true"

    private static let onCluster = ConditionTrait.enabled(
        if: KubernetesStage.isAvailable && TinyProject.isPossible,
        "needs DEVLOOP_E2E_CONTEXT, DEVLOOP_E2E_REGISTRY and busybox-static")

    @Test(
        onCluster, .timeLimit(.minutes(2)),
        arguments: [
            ("the registry is down", FaultyProxy.Mode.refusing, Optional("connection refused")),
            (
                "the registry answers 500",
                .answering("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
                "500 Internal Server Error"
            ),
            (
                "the registry has no space",
                .answering(
                    "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
                        + #"{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":{"Op":"write","Err":28}}]}"#
                ),
                "app: docker push of"
            ),
            ("the registry is slow", .delaying(milliseconds: 2000), nil),
        ])
    func theRegistryFails(fault: String, mode: FaultyProxy.Mode, sees: String?) async throws {
        try await survive(
            fault, on: try await FaultStage(onCluster: true), { $0.registry?.set(mode) }, sees: sees,
            lasting: .seconds(3), mend: { $0.registry?.set(.passing) })
    }

    @Test(
        onCluster, .timeLimit(.minutes(3)),
        arguments: [
            ("building", "app: version changed, building", Optional("cannot be reached")),
            ("delivering", "+ docker push", "cannot be reached"), ("restarting", " rollout restart ", nil),
            ("waiting", waiting, nil),
        ])
    func theAPIServerIsDownForHalfAMinute(phase: String, line: String, sees: String?) async throws {
        try await survive(
            "the API server is down for 30 s while \(phase)", on: try await FaultStage(onCluster: true), breaking: line,
            { $0.apiServer?.set(.refusing) }, sees: sees, lasting: .seconds(30),
            mend: { $0.apiServer?.set(.passing) })
    }

    @Test(onCluster, .timeLimit(.minutes(2))) func theAPIServerIsDownWhileAManifestIsSaved() async throws {
        try await survive(
            "the API server is down while a manifest is saved", on: try await FaultStage(onCluster: true),
            { stage in
                stage.apiServer?.set(.refusing)
                try stage.saveManifest(
                    replacing: "terminationGracePeriodSeconds: 1", by: "terminationGracePeriodSeconds: 2")
            }, sees: "manifests: the cluster of context", lasting: .seconds(3), pods: 2,
            mend: { stage in
                stage.apiServer?.set(.passing)
                try await stage.dev.line(containing: "deployment/app ready")
                let seconds = try await stage.kubectl(
                    "get", "deployment", "app",
                    "--output=jsonpath={.spec.template.spec.terminationGracePeriodSeconds}")
                #expect(seconds == "2")
            })
    }

    /// An editor or a program that writes a file in pieces: nothing, a part that is no YAML or JSON, or one that is.
    @Test(
        onCluster, .timeLimit(.minutes(2)),
        arguments: [
            ("a manifest is half-saved", "k8s/app.yaml", "{labels: {app"),
            ("a manifest is half-saved, as valid YAML", "k8s/app.yaml", "metadata: {name: app}\n"),
            ("a manifest is emptied for a while", "k8s/app.yaml", ""),
            ("devloop.json is half-saved", "devloop.json", "\"services\""),
            ("devloop.json is emptied for a while", "devloop.json", ""),
        ])
    func aFileIsHalfSaved(fault: String, name: String, upTo end: String) async throws {
        let stage = try await FaultStage(onCluster: true)
        let file = stage.project.folder.appendingPathComponent(name)
        let whole = try String(contentsOf: file, encoding: .utf8)
        let half = end.isEmpty ? "" : try String(whole[..<#require(whole.range(of: end)).upperBound])
        try await survive(
            fault, on: stage, { _ in try half.write(to: file, atomically: false, encoding: .utf8) },
            sees: "the change of \(name) is left aside", lasting: .seconds(3),
            mend: { _ in try whole.write(to: file, atomically: false, encoding: .utf8) })
    }

    @Test(
        onCluster, .timeLimit(.minutes(2)),
        arguments: [
            ("the proxy, while building", " proxy --unix-socket", "app: version changed, building"),
            ("the proxy, while restarting", " proxy --unix-socket", " rollout restart "),
            ("the proxy, while a rollout is waited for", " proxy --unix-socket", waiting),
        ])
    func kubectlIsKilled(which: String, arguments: String, line: String) async throws {
        try await survive(
            "kubectl is killed: \(which)", on: try await FaultStage(onCluster: true), breaking: line,
            { stage in
                for pid in try await stage.children(matching: arguments) { kill(pid, SIGKILL) }
            }, sees: nil, mend: { _ in })
    }

    @Test(onCluster, .timeLimit(.minutes(2)), arguments: ["app: version changed, building", waiting])
    func theDeploymentIsDeletedBehindItsBack(line: String) async throws {
        try await survive(
            "the deployment is deleted (at \"\(line)\")", on: try await FaultStage(onCluster: true), breaking: line,
            { _ = try await $0.kubectl("delete", "deployment", "app") }, sees: nil,
            // The pod of the restart may have begun by then.
            pods: line == Self.waiting ? 2 : 1, mend: { _ in })
    }

    @Test(onCluster, .timeLimit(.minutes(2))) func aPodIsDeletedBehindItsBack() async throws {
        try await survive(
            "the new pod is deleted", on: try await FaultStage(onCluster: true), breaking: Self.waiting,
            { _ = try await $0.kubectl("delete", "pods", "--all", "--wait=false") }, sees: nil, pods: 3, mend: { _ in })
    }

    @Test(onCluster, .timeLimit(.minutes(3))) func theNamespaceIsDeletedBehindItsBack() async throws {
        try await survive(
            "the namespace is deleted", on: try await FaultStage(onCluster: true),
            { _ = try await $0.kubectl("delete", "namespace", $0.project.name) }, sees: "there is no namespace",
            mend: { _ = try await $0.kubectl("create", "namespace", $0.project.name) })
    }

    @Test(onCluster, .timeLimit(.minutes(2))) func aSecondDevInTheProjectSaysSoAndStops() async throws {
        try await survive(
            "a second dev starts in the project", on: try await FaultStage(onCluster: true),
            { stage in
                let second = try stage.another()
                #expect(await second.exitStatus() == 1)
                #expect(second.output.contains("runs in this project already, as process \(stage.dev.pid)"))
            }, sees: nil, mend: { _ in })
    }

    @Test(onCluster, .timeLimit(.minutes(2)), arguments: [SIGHUP, SIGKILL])
    func devloopEndsAndStartsAgain(signal: Int32) async throws {
        let fault = signal == SIGHUP ? "the terminal is closed (SIGHUP)" : "devloop is killed (SIGKILL)"
        let stage = try await FaultStage(onCluster: true)
        do {
            try stage.project.save(version: "two")
            try await stage.dev.line(containing: "app: version changed, building")
            stage.dev.signal(signal)
            #expect(await stage.dev.exitStatus() == (signal == SIGHUP ? 0 : -SIGKILL))
            if signal == SIGKILL {
                // What ran goes on running.
                #expect(try await stage.kubectl("get", "deployment", "app", "--output=name").contains("app"))
            }
            try stage.restart()
            let started = ContinuousClock.now
            try await stage.dev.line(matching: { $0.contains("✓ app live in") || $0.contains("✓ app runs this image") })
            let back = ContinuousClock.now - started
            try await stage.dev.line(containing: "version two starts")
            try await stage.finish()
            FaultTable.add(fault, sees: "its end", backAfter: back, survived: true)
        } catch {
            FaultTable.add(fault, sees: "its end", backAfter: nil, survived: false)
            await stage.cleanUp()
            throw error
        }
    }
}
