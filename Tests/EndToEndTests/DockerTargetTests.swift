import Runner
import Testing

@Suite(.enabled(if: Docker.isThere), .serialized, .timeLimit(.minutes(1)))
struct DockerTargetTests {
    /// Answers requests with a text, or with its environment variable TEXT where there is one.
    private static func server(_ text: String) -> String {
        """
        CMD ["sh", "-c", "busybox mkdir /www; echo ${TEXT:-\(text)} >/www/index.html; echo up; \
        exec busybox httpd -f -p 80 -h /www"]
        """
    }

    @Test func aDeploymentBehindANodePortAnswers() async throws {
        let image = try await TinyImage.build("devloop-test/web", Self.server("one"))
        try await DockerProject.run { project in
            let target = project.target
            try await target.prepare()
            let delivered = try await target.deliver(image)
            #expect(delivered.reference == image.id)
            let all = objects(
                service("web-np", of: "web", port: 80, type: "NodePort", nodePort: 31871),
                service("web-srv", of: "web", port: 80), deployment("web", image: "devloop-test/web"))
            let web = try #require(Workload("deployment/web"))
            let report = try await target.apply(all, images: [delivered])
            #expect(report.created == [web])
            #expect(report.notices == ["web-np: http://127.0.0.1:31871"])
            try await target.waitUntilReady(web)
            #expect(try await DockerProject.get(31871) == "one")
            #expect(try await target.delivered(image, runningIn: web) == delivered)

            let again = try await target.apply(all, images: [delivered])
            #expect(again == ApplyReport())

            let next = try await TinyImage.build("devloop-test/web", Self.server("two"))
            #expect(try await target.delivered(next, runningIn: web) == nil)
            try await target.restart(web, images: [try await target.deliver(next)])
            try await target.waitUntilReady(web)
            #expect(try await DockerProject.get(31871) == "two")
            let lines = try await target.delete(all)
            #expect(lines.contains("deployment/web (main) removed"))
            #expect(try await target.delete(all) == [])
        }
    }
}
