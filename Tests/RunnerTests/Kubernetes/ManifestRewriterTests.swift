import Testing

@testable import Runner

struct ManifestRewriterTests {
    private func delivered(_ name: String, as reference: String, pushed: Bool = true) throws -> DeliveredImage {
        DeliveredImage(
            built: BuiltImage(reference: try #require(ImageReference(name)), id: "sha256:1"), reference: reference,
            digest: pushed ? "sha256:2" : nil)
    }

    @Test(arguments: ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"])
    func containersOfEveryKindCarryTheDeliveredImage(kind: String) throws {
        let spec: JSONValue = [
            "initContainers": [["name": "setup", "image": "blog/posts"]],
            "containers": [
                ["name": "app", "image": "blog/posts", "imagePullPolicy": "Never"],
                ["name": "db", "image": "postgres:16", "imagePullPolicy": "Never"],
            ],
        ]
        var json: JSONValue = ["kind": .string(kind), "metadata": ["name": "x"]]
        let path =
            switch kind {
            case "Pod": ["spec"]
            case "CronJob": ["spec", "jobTemplate", "spec", "template", "spec"]
            default: ["spec", "template", "spec"]
            }
        json[path: path] = spec
        let object = try #require(KubernetesObject(json))
        #expect(object.images == ["blog/posts", "blog/posts", "postgres:16"])

        let pushed = object.delivering([try delivered("blog/posts", as: "r:5000/blog/posts:latest")])
        #expect(pushed.images == ["r:5000/blog/posts:latest", "r:5000/blog/posts:latest", "postgres:16"])
        #expect(policies(pushed, path) == ["Always", "Always", "Never"])
        // What was rewritten is still meant.
        let again = try pushed.delivering([delivered("blog/posts", as: "r:5000/blog/posts:latest")])
        #expect(again == pushed)
        let loaded = object.delivering([try delivered("blog/posts", as: "blog/posts:latest", pushed: false)])
        #expect(policies(loaded, path) == ["IfNotPresent", "IfNotPresent", "Never"])
    }

    private func policies(_ object: KubernetesObject, _ path: [String]) -> [String?] {
        ["initContainers", "containers"].flatMap { object.json[path: path + [$0]]?.array ?? [] }
            .map { $0["imagePullPolicy"]?.string }
    }

    @Test func anObjectWithoutContainersStaysAsItIs() throws {
        let service = try #require(
            KubernetesObject(["kind": "Service", "metadata": ["name": "posts"], "spec": ["selector": ["app": "posts"]]])
        )
        #expect(service.delivering([try delivered("blog/posts", as: "r/blog/posts:latest")]) == service)
    }
}
