import Foundation
import Testing

/// What is done in a container after files arrived there, on real Docker and a real cluster.
@Suite(.enabled(if: TinyProject.isPossible, "needs busybox-static"), .serialized)
struct OnSyncTests {
    private static let plain = TinyProject.deployment("          env: [{name: GREETING, value: hello}]")

    private static let restart = #", "onSync": { "restart": true }"#

    @Test(.timeLimit(.minutes(2)), arguments: TinyPlace.there)
    func aProgramIsStartedAgainInItsContainer(_ place: TinyPlace) async throws {
        try await place.run(Self.plain, TinyProject.withTools, Self.restart) { project, dev in
            let before = try await Self.container(project, place)
            for version in ["two", "three", "four"] {
                let mark = dev.lineCount
                try project.save(version: version)
                try await dev.line(from: mark, containing: "version \(version) starts")
                try await dev.line(from: mark, containing: "✓ app synced in")
            }
            #expect(try await Self.container(project, place) == before)
            #expect(!dev.output.contains("exited with"))
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: TinyPlace.there)
    func theManifestsOwnCommandIsWhatIsStartedAgain(_ place: TinyPlace) async throws {
        let manifests = TinyProject.deployment(
            #"""
                      env: [{name: GREETING, value: hello}]
                      command: [/bin/sh, -c, 'echo "$(GREETING) $$(GREETING) $0 $(cat /version)"; exec sleep 3600']
                      args: [me]
            """#)
        try await place.run(manifests, TinyProject.withTools, Self.restart) { project, dev in
            // Kubernetes fills in the first, the shell runs the last; the second is neither's.
            try await dev.line(containing: "hello")
            let mark = dev.lineCount
            try project.save(version: "two")
            try await dev.line(from: mark, containing: "two")
            try await dev.line(from: mark, containing: "started again")
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: TinyPlace.there)
    func aProgramThatEndsByItselfIsTheContainersEnd(_ place: TinyPlace) async throws {
        let dockerfile = TinyProject.withTools.replacingOccurrences(
            of: #"CMD ["/bin/busybox", "sh", "/run"]"#,
            with: #"CMD ["sh", "-c", "echo up $(cat /version); grep -q bad /version && exit 7; exec sleep 3600"]"#)
        try await place.run(Self.plain, dockerfile, Self.restart) { project, dev in
            let mark = dev.lineCount
            try project.save(version: "bad")
            try await dev.line(from: mark, containing: "up bad")
            #expect(try await dev.line(from: mark, containing: " code 7").contains("app"))
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: TinyPlace.there)
    func anImageWithoutAShellIsBuiltWithAWord(_ place: TinyPlace) async throws {
        try await place.run(Self.plain, nil, Self.restart) { project, dev in
            let mark = dev.lineCount
            try project.save(version: "two")
            #expect(
                try await dev.line(from: mark, containing: "not synced, building instead").contains("no shell"))
            try await dev.line(from: mark, containing: "version two starts")
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: TinyPlace.there)
    func aSignalAndAProgramAreForTheFilesThatTheyName(_ place: TinyPlace) async throws {
        let dockerfile = TinyProject.withTools.replacingOccurrences(of: "COPY run version /", with: "COPY . /")
        let settings = """
            , "onSync": [{ "signal": "HUP", "for": ["*.conf"] }, { "exec": ["sh", "-c", "cat /new.txt >/proc/1/fd/1"], \
            "for": ["*.txt"] }]
            """
        try await place.run(Self.plain, dockerfile, settings) { project, dev in
            func write(_ text: String, to name: String) throws {
                try Data(text.utf8).write(to: project.folder.appendingPathComponent("app/\(name)"))
            }
            try write(
                """
                trap 'exit 0' TERM
                trap 'echo "hung up with $(cat /a.conf)"' HUP
                echo "version $(cat /version) starts"
                while true; do sleep 3600 & wait $!; done

                """, to: "run")
            try await dev.line(containing: "app: run changed, building")
            var mark = dev.lineCount
            try await dev.line(from: mark, containing: "version one starts")
            try await dev.line(from: mark, containing: "✓ app live in")
            mark = dev.lineCount
            try write("new configuration\n", to: "a.conf")
            try await dev.line(from: mark, containing: "hung up with new configuration")
            try await dev.line(from: mark, containing: ", sent SIGHUP")
            mark = dev.lineCount
            try write("written by a program\n", to: "new.txt")
            try await dev.line(from: mark, containing: "app │ written by a program")
            try await dev.line(from: mark, containing: "synced in")
            // What neither is for is built: nothing takes it up.
            mark = dev.lineCount
            try project.save(version: "two")
            // What was saved before it may not have arrived, and comes with it.
            try await dev.line(from: mark, containing: "changed, building")
            try await dev.line(from: mark, containing: "version two starts")
        }
    }

    /// The containers that run are under no supervisor.
    @Test(.timeLimit(.minutes(2)), arguments: TinyPlace.there)
    func whatIsAskedForLaterReplacesTheContainersOnce(_ place: TinyPlace) async throws {
        try await place.run(Self.plain, TinyProject.withTools, "") { project, dev in
            var mark = dev.lineCount
            try Self.askForRestarts(in: project)
            try await dev.line(from: mark, containing: "version one starts")
            try await dev.line(from: mark, containing: "✓ app live in")
            mark = dev.lineCount
            try project.save(version: "two")
            try await dev.line(from: mark, containing: "version two starts")
            try await dev.line(from: mark, containing: "started again")
        }
    }

    /// Its readiness probe fails for longer than a container that was ready may fail it otherwise.
    @Test(.timeLimit(.minutes(2)), arguments: TinyPlace.there)
    func aProgramThatTakesItsTimeToStartAgainIsNoFailure(_ place: TinyPlace) async throws {
        let manifests = TinyProject.deployment(
            """
                      readinessProbe: { exec: { command: [test, -e, /tmp/up] }, periodSeconds: 1, failureThreshold: 1 }
                      command: [sh, -c, "rm -f /tmp/up; sleep 4; touch /tmp/up; echo up $(cat /version); exec sleep 3600"]
            """)
        try await place.run(manifests, TinyProject.withTools, Self.restart) { project, dev in
            let mark = dev.lineCount
            try project.save(version: "two")
            try await dev.line(from: mark, containing: "up two")
            #expect(!dev.output.contains("Unhealthy"))
        }
    }

    /// Each of them costs one rollout: to put the program under a supervisor, and to put it there again after somebody went
    /// back to the revision before that.
    @Test(
        .enabled(if: KubernetesStage.isAvailable, "needs a cluster"), .timeLimit(.minutes(3)))
    func aTemplateThatSomebodyRolledBackIsAppliedAgain() async throws {
        try await TinyPlace.cluster.run(Self.plain, TinyProject.withTools, "") { project, dev in
            func kubectl(_ arguments: String...) async throws -> String {
                let place = ["--context=\(KubernetesStage.context ?? "")", "--namespace=\(project.name)"]
                return try await Shell.attempt("kubectl", place + arguments).text
            }
            func revision() async throws -> String {
                try await kubectl(
                    "get", "deployment",
                    "--output=jsonpath={.items[*].metadata.annotations.deployment\\.kubernetes\\.io/revision}")
            }
            var mark = dev.lineCount
            try Self.askForRestarts(in: project)
            try await dev.line(from: mark, containing: "✓ app live in")
            #expect(try await revision() == "2")

            mark = dev.lineCount
            _ = try await kubectl("rollout", "undo", "deployment/app")
            try await dev.line(from: mark, containing: "version one starts")
            _ = try await kubectl("rollout", "status", "deployment/app")
            mark = dev.lineCount
            try project.save(version: "two")
            try await dev.line(from: mark, containing: "not synced, building instead")
            try await dev.line(from: mark, containing: "✓ app live in")
            #expect(try await revision() == "4")

            mark = dev.lineCount
            try project.save(version: "three")
            try await dev.line(from: mark, containing: "version three starts")
            try await dev.line(from: mark, containing: "started again")
            #expect(try await revision() == "4")
        }
    }

    private static func askForRestarts(in project: TinyProject) throws {
        let file = project.folder.appendingPathComponent("devloop.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        try text.replacingOccurrences(of: #""context": "app""#, with: #""context": "app"\#(restart)"#)
            .write(to: file, atomically: true, encoding: .utf8)
    }

    private static func container(_ project: TinyProject, _ place: TinyPlace) async throws -> String {
        switch place {
        case .docker:
            try await Shell.run(
                "docker", "ps", "--quiet", "--no-trunc", "--filter=label=dev.devloop.project=\(project.name)")
        case .cluster:
            try await Shell.run(
                "kubectl", "--context=\(KubernetesStage.context ?? "")", "--namespace=\(project.name)", "get", "pods",
                "--output=jsonpath={.items[*].status.containerStatuses[*].containerID}")
        }
    }
}
