import Foundation
import Runner
import Testing

/// Workloads of several pods on a real Docker Engine.
@Suite(.enabled(if: Docker.isThere), .serialized, .timeLimit(.minutes(1)))
struct DockerReplicasTests {
    @Test func replicasAnswerByTheServicesNameAndAPodOfAStatefulSetByItsOwn() async throws {
        let image = try await TinyImage.build("devloop-test/shell", TinyImage.shell)
        try await DockerProject.run { project in
            let target = project.target
            let images: DeliveredImages = [try await target.deliver(image)]
            let web = deployment("web", image: "devloop-test/shell", spec: [("replicas", 3)])
            var set = deployment(
                "db", image: "devloop-test/shell",
                container: [("volumeMounts", [["name": "data", "mountPath": "/data"]])],
                spec: [
                    ("replicas", 2), ("serviceName", "db"),
                    ("volumeClaimTemplates", [["metadata": ["name": "data"]]]),
                ])
            set["kind"] = "StatefulSet"
            let all = objects(service("web", of: "web", port: 80), web, set)
            let report = try await target.apply(all, images: images)
            #expect(report.notices == [] && report.failures == [])
            #expect(try await project.running("deployment/web").count == 3)
            func addresses(_ name: String) async throws -> [String] {
                try await project.shell("deployment/web", "busybox nslookup \(name) | busybox grep '^Address'")
                    .split(separator: "\n").dropFirst().map(String.init)
            }
            #expect(try await addresses("web").count == 3)
            for name in ["db-0", "db-1"] {
                let found = try await addresses("\(name).db")
                #expect(found.count == 1)
                let host = try await project.shell("deployment/web", "busybox nslookup \(name).db | busybox grep Name")
                #expect(host.contains(name))
            }
            // Data stays with its pod, however many there are.
            for id in try await project.running("statefulset/db") {
                try await Docker.run("exec", id, "sh", "-c", "busybox hostname >>/data/who")
            }
            let (sets, web3) = (try #require(Workload("statefulset/db")), try #require(Workload("deployment/web")))
            try await target.restart(sets, images: images)
            try await target.restart(web3, images: images)
            try await target.waitUntilReady(sets)
            try await target.waitUntilReady(web3)
            for id in try await project.running("statefulset/db") {
                let said = try await Docker.run("exec", id, "sh", "-c", "busybox hostname; busybox cat /data/who")
                #expect(Set(said.split(separator: "\n")).count == 1)
            }
            #expect(try await addresses("web").count == 3)
            // Another number of them, which those that stay are not replaced for.
            let three = Set(try await project.running("deployment/web"))
            var before = three
            for count in [2, 4, 1] {
                let object = deployment("web", image: "devloop-test/shell", spec: [("replicas", .number("\(count)"))])
                #expect(try await target.apply(objects(object), images: images).changed == [web3])
                let now = Set(
                    try await Shell.eventually {
                        try await project.running("deployment/web")
                    } is: {
                        $0.count == count
                    })
                #expect(now.isSubset(of: before) || before.isSubset(of: now))
                #expect(try await addresses("web").count == count)
                before = now
            }
            #expect(before.isSubset(of: three))
        }
    }

    @Test func thePodsOfAStatefulSetStartInTheirOrderEachWhenTheOneBeforeIsReady() async throws {
        let image = try await TinyImage.build("devloop-test/shell", TinyImage.shell)
        try await DockerProject.run { project in
            let images: DeliveredImages = [try await project.target.deliver(image)]
            var set = deployment(
                "db", image: "devloop-test/shell",
                container: [
                    ("readinessProbe", ["exec": ["command": ["sh", "-c", "[ -e /ready ]"]], "periodSeconds": 1])
                ],
                spec: [("replicas", 3), ("serviceName", "db")])
            set["kind"] = "StatefulSet"
            _ = try await project.target.apply(objects(set), images: images)
            var seen: [String] = []
            for number in 0..<3 {
                let running = try await Shell.eventually {
                    try await project.running("statefulset/db")
                } is: {
                    $0.count > number
                }
                #expect(running.count == number + 1)
                let new = try #require(running.first { !seen.contains($0) })
                seen.append(new)
                #expect(try await Docker.run("exec", new, "busybox", "hostname") == "db-\(number)")
                _ = try await Docker.run("exec", new, "busybox", "touch", "/ready")
            }
            try await project.target.waitUntilReady(try #require(Workload("statefulset/db")))
            #expect(try await project.running("statefulset/db").count == 3)
        }
    }
}
