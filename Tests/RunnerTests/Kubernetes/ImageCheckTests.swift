import Testing

@testable import Runner

/// Which containers run the image that was built.
@Suite struct ImageCheckTests {
    private let posts = Workload(kind: .deployment, name: "posts")

    private func check(_ identities: Set<String> = ["sha256:2", "sha256:1"], digestsSayNothing: Bool = false) throws
        -> ImageCheck
    {
        let built = BuiltImage(reference: try #require(ImageReference("blog/posts")), id: "sha256:1")
        let image = DeliveredImage(built: built, reference: "localhost:5000/blog/posts:latest", digest: "sha256:2")
        return ImageCheck(
            image: image, names: ImageNames([built.reference], registries: ["localhost:5000"]), identities: identities,
            digestsSayNothing: digestsSayNothing)
    }

    private func pod(_ containers: PodFixture.Container...) throws -> KubernetesPod {
        try PodFixture(containers: containers).pod
    }

    @Test(arguments: [
        ("localhost:5000/blog/posts@sha256:2", true), ("docker-pullable://localhost:5000/blog/posts@sha256:2", true),
        ("docker://sha256:1", true), ("sha256:1", true), ("localhost:5000/blog/posts@sha256:3", false),
        ("docker://sha256:3", false), ("sha256:12", false),
    ])
    func theDigestOrTheIdTells(imageID: String, isSame: Bool) throws {
        let differences = try check().differences(in: [pod(.init(imageID: imageID))], containers: nil)
        #expect(differences.isEmpty == isSame)
    }

    @Test func aDigestThatTheNodeGaveItselfSaysNothing() throws {
        let check = try check(["sha256:1"], digestsSayNothing: true)
        let loaded = try pod(.init(imageID: "docker.io/library/import-2026@sha256:9"))
        #expect(check.differences(in: [loaded], containers: nil).isEmpty)
        #expect(!check.differences(in: [try pod(.init(imageID: "sha256:9"))], containers: nil).isEmpty)
    }

    @Test func onlyContainersThatShouldRunTheImageAreCompared() throws {
        let proxy = PodFixture.Container(name: "proxy", image: "envoy:1", imageID: "envoy@sha256:9")
        #expect(try check().differences(in: [pod(proxy)], containers: nil).isEmpty)
        #expect(try check().differences(in: [pod(proxy)], containers: ["app"]).isEmpty)
        let rewritten = PodFixture.Container(image: "mirror/posts:1", imageID: "mirror/posts@sha256:9")
        #expect(try check().differences(in: [pod(rewritten)], containers: ["app"]).count == 1)
        let mirrored = PodFixture.Container(image: "mirror/posts:1", imageID: "mirror/posts@sha256:2")
        #expect(try check().differences(in: [pod(mirrored)], containers: ["app"]).isEmpty)
    }

    @Test func whatIsToRunAnotherImageOrHasStartedNowhereIsNotRun() throws {
        let check = try check()
        #expect(check.isRun(by: [try pod(.init(imageID: "x@sha256:2"))], containers: ["app"]))
        #expect(!check.isRun(by: [try pod(.init(imageID: ""))], containers: ["app"]))
        let bogus = try pod(.init(image: "blog/posts:bogus", imageID: ""))
        #expect(!check.isRun(by: [try pod(.init(imageID: "x@sha256:2")), bogus], containers: ["app"]))
        #expect(!check.isRun(by: [], containers: ["app"]))
    }

    @Test func whatHasNotStartedRunsNothingYet() throws {
        let waiting = PodFixture.Container(imageID: "x@sha256:9", state: .waiting("PodInitializing", ""))
        #expect(try check().differences(in: [pod(waiting)], containers: nil).isEmpty)
        #expect(try check().differences(in: [pod(.init(imageID: ""))], containers: nil).isEmpty)
    }

    @Test(arguments: [
        ("localhost:5000/blog/posts:latest", "Always", "", "another build was pushed to that tag"),
        ("localhost:5000/blog/posts:latest", "IfNotPresent", "", "its pull policy is IfNotPresent"),
        ("localhost:5000/blog/posts:latest", "Never", "", "its pull policy is Never"),
        ("mirror/posts:1", "Always", "localhost:5000/blog/posts:latest", "an admission webhook"),
        ("localhost:5000/blog/posts:old", "Always", "localhost:5000/blog/posts:old", "somebody has set another image"),
    ])
    func theFailureSaysWhichImageRunsAndWhy(image: String, policy: String, template: String, why: String) throws {
        let container = PodFixture.Container(image: image, imageID: "x@sha256:9", pullPolicy: policy)
        let differences = try check().differences(in: [pod(container), pod(container)], containers: ["app"])
        let error = try check().failure(
            differences, of: posts, templateImages: template.isEmpty ? [:] : ["app": template])
        #expect(error.severity == .failed)
        #expect(error.summary == "deployment/posts does not run the image that was built")
        #expect(error.details.count == 3)
        #expect(error.details[0] == "container app runs \(image), sha256:9")
        #expect(error.details[1].contains(why))
        #expect(error.details[2] == "built was localhost:5000/blog/posts:latest, sha256:2")
    }

    @Test func aContainerThatPinsAnotherBuildIsTold() throws {
        let pod = try pod(
            .init(), .init(name: "old", image: "blog/posts:1.0", imageID: "blog/posts@sha256:9"),
            .init(name: "other", image: "blog/query", imageID: "blog/query@sha256:9"))
        // The built reference has no tag, and so means all: only what the manifest leaves alone is pinned.
        #expect(try check().pinned(in: [pod, pod], containers: ["app"]) == ["container old runs blog/posts:1.0"])
    }
}
