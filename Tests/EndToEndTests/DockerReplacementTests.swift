import Foundation
import Runner
import Testing

/// What becomes of the container that another one replaces, on a real Docker Engine.
@Suite(.enabled(if: Docker.isThere), .serialized, .timeLimit(.minutes(1)))
struct DockerReplacementTests {
    @Test func anOldContainerThatIgnoresItsSignalHoldsUpNothing() async throws {
        let image = try await TinyImage.build(
            "devloop-test/stubborn", "CMD [\"sh\", \"-c\", \"trap '' TERM; while :; do busybox sleep 1; done\"]")
        try await DockerProject.run { project in
            let target = project.target
            let web = try #require(Workload("deployment/web"))
            let images: DeliveredImages = [try await target.deliver(image)]
            _ = try await target.apply(
                objects(
                    service("web", of: "web", port: 80, type: "NodePort", nodePort: 31872),
                    deployment(
                        "web", image: "devloop-test/stubborn", spec: [])
                ), images: images)
            let old = try await project.running("deployment/web")
            try await target.restart(web, images: images)
            try await target.waitUntilReady(web)
            let all = try await project.running("deployment/web")
            #expect(Set(all).subtracting(old).count == 1)
            // Whether the old one is gone already or not, only the new one has the port and the names.
            let network = try await Docker.run(
                "network", "inspect", "devloop-\(project.name)",
                "--format={{range $id, $_ := .Containers}}{{$id}} {{end}}")
            #expect(network.split(separator: " ").map(String.init) == [all[0]])
        }
    }

    @Test func aContainerThatIgnoresItsSignalIsNamedWhereTheNewOneWaitsForIt() async throws {
        let image = try await TinyImage.build(
            "devloop-test/stubborn",
            "CMD [\"sh\", \"-c\", \"echo up; trap '' TERM; while :; do busybox sleep 1; done\"]")
        try await DockerProject.run { project in
            let target = project.target
            let app = try #require(Workload("deployment/app"))
            let log = LogCollector()
            let images: DeliveredImages = [try await target.deliver(image)]
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await target.followLogs(of: { [app] }, onEvent: log.add) }
                _ = try await target.apply(
                    objects(
                        deployment(
                            "app", image: "devloop-test/stubborn", spec: [("strategy", ["type": "Recreate"])])),
                    images: images)
                for count in 2...3 {
                    await log.wait { LogCollector.lines($0).count == count - 1 }
                    try await target.restart(app, images: images)
                    await log.wait { LogCollector.lines($0).count == count }
                }
                await log.wait { events in events.contains { if case .notice = $0 { true } else { false } } }
                group.cancelAll()
                try? await group.waitForAll()
            }
            #expect(log.notices.count == 1)
            #expect(
                log.notices.first?.hasPrefix(
                    "its container ignores SIGTERM: each new one waits out its grace time of 1 s") == true)
        }
    }

    @Test(arguments: ["RollingUpdate", "Recreate"])
    func aNewVersionThatCannotStartBringsTheOldOneBack(strategy: String) async throws {
        let image = try await TinyImage.build("devloop-test/web", TinyImage.server("good"))
        let bad = try await TinyImage.build("devloop-test/bad", "CMD [\"/nothing\"]")
        try await DockerProject.run { project in
            let target = project.target
            let web = try #require(Workload("deployment/web"))
            _ = try await target.apply(
                objects(
                    service("web", of: "web", port: 80, type: "NodePort", nodePort: 31873),
                    deployment("web", image: "devloop-test/web", spec: [("strategy", ["type": .string(strategy)])])),
                images: [try await target.deliver(image)])
            let before = try await project.running("deployment/web")
            await #expect(throws: TargetError.self) {
                let reference = image.reference
                try await target.restart(
                    web,
                    images: [DeliveredImage(built: BuiltImage(reference: reference, id: bad.id), reference: bad.id)])
            }
            #expect(try await project.running("deployment/web") == before)
            #expect(try await DockerProject.get(31873) == "good")
        }
    }

    @Test func aContainerThatExitsIsNotReady() async throws {
        let image = try await TinyImage.build("devloop-test/exit", "CMD [\"sh\", \"-c\", \"echo goodbye; exit 5\"]")
        try await DockerProject.run { project in
            let target = project.target
            let pod = try #require(Workload("pod/once"))
            let log = LogCollector()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await target.followLogs(of: { [pod] }, onEvent: log.add) }
                _ = try await target.apply(
                    objects([
                        "kind": "Pod", "metadata": ["name": "once"],
                        "spec": [
                            "restartPolicy": "Never", "containers": [["name": "a", "image": "devloop-test/exit"]],
                        ],
                    ]), images: [try await target.deliver(image)])
                await log.wait { events in
                    events.contains { if case .notice(_, "exited with code 5") = $0 { true } else { false } }
                }
                group.cancelAll()
                try? await group.waitForAll()
            }
            await #expect(
                throws: TargetError(
                    "pod/once did not become ready: its container exited with code 5", details: ["goodbye"])
            ) { try await target.waitUntilReady(pod) }
        }
    }

    @Test func aChangeOfTheManifestsReplacesOnlyWhatItConcerns() async throws {
        let image = try await TinyImage.build("devloop-test/shell", TinyImage.shell)
        try await DockerProject.run { project in
            let target = project.target
            let images: DeliveredImages = [try await target.deliver(image)]
            func all(_ value: String, port: Int) -> [KubernetesObject] {
                objects(
                    ["kind": "ConfigMap", "metadata": ["name": "c"], "data": ["A": .string(value)]],
                    service("one", of: "one", port: 80, type: "NodePort", nodePort: port),
                    deployment(
                        "one", image: "devloop-test/shell", container: [("envFrom", [["configMapRef": ["name": "c"]]])]
                    ), deployment("two", image: "devloop-test/shell"))
            }
            let one = try #require(Workload("deployment/one"))
            _ = try await target.apply(all("1", port: 31875), images: images)
            let before = try await project.running("deployment/one") + project.running("deployment/two")

            // A value that it was started with is reason enough, and another run of devloop knows it as well.
            let second = try await target.apply(all("2", port: 31875), images: images)
            #expect(second == ApplyReport(changed: [one]))
            #expect(try await project.shell("deployment/one", "echo $A") == "2")
            let again = try await DockerProject.target(project.name).apply(all("2", port: 31875), images: images)
            #expect(again == ApplyReport(notices: ["one: http://127.0.0.1:31875"]))

            // A Service alone is enough to give its workload another port.
            let moved = service("one", of: "one", port: 80, type: "NodePort", nodePort: 31876)
            let third = try await target.apply(objects(moved), images: images)
            #expect(third.changed == [one])
            #expect(third.notices == ["one: http://127.0.0.1:31876"])
            #expect(try await project.shell("deployment/one", "echo $A") == "2")
            #expect(try await project.running("deployment/two") == [before[1]])
        }
    }

    @Test func whatADevloopThatWasKilledLeftBehindIsPutRight() async throws {
        let image = try await TinyImage.build("devloop-test/shell", TinyImage.shell)
        try await DockerProject.run { project in
            let images: DeliveredImages = [try await project.target.deliver(image)]
            let all = objects(deployment("app", image: "devloop-test/shell"))
            _ = try await project.target.apply(all, images: images)
            // It died between taking the old container off the network and starting the new one.
            let old = try #require(try await project.running("deployment/app").first)
            try await Docker.run("network", "disconnect", "devloop-\(project.name)", old)
            let app = try #require(Workload("deployment/app"))
            let next = DockerProject.target(project.name)
            let report = try await next.apply(all, images: images)
            #expect(report == ApplyReport(changed: [app]))
            let new = try #require(try await project.running("deployment/app").first)
            #expect(new != old)
            // It waits for what it removes in the background.
            _ = try await next.delete(all, .everything)
        }
    }
}
