import Runner
import TestSupport
import Testing

@testable import devloop

struct ImageHistoryTests {
    private func history(_ ids: String..., of name: String = "shop/web") -> ImageHistory {
        var history = ImageHistory()
        for id in ids { history.add(Self.image(id, name)) }
        return history
    }

    private static func image(_ id: String, _ name: String = "shop/web") -> BuiltImage {
        BuiltImage(reference: ImageReference(name)!, id: "sha256:\(id)")
    }

    @Test func theNewestOfANameAreKept() {
        let history = history("a", "b", "c", "d")
        #expect(history.superseded(by: .newest(3)).map(\.id) == ["sha256:a"])
        #expect(history.superseded(by: .newest(1)).map(\.id) == ["sha256:a", "sha256:b", "sha256:c"])
        #expect(history.superseded(by: .newest(4)) == [])
        #expect(history.superseded(by: .all) == [])
    }

    @Test func whatIsBuiltAgainIsTheNewest() {
        #expect(history("a", "b", "c", "a").superseded(by: .newest(2)).map(\.id) == ["sha256:b"])
    }

    @Test func anImageThatAnotherServiceKeepsStays() {
        var history = history("a", "b")
        history.add(Self.image("a", "shop/api"))
        #expect(history.superseded(by: .newest(1)) == [])
    }

    @Test func whatIsGoneIsForgotten() {
        var history = history("a", "b")
        history.remove(["sha256:a"])
        #expect(history == self.history("b"))
        history.remove(["sha256:b"])
        #expect(history == ImageHistory())
    }

    @Test func itIsReadAsItWasWritten() {
        var history = history("a", "b")
        history.add(Self.image("c", "localhost:5000/shop/api:dev"))
        #expect(ImageHistory(history.text) == history)
        #expect(
            ImageHistory("half a li\n\nshop/web:latest sha256:b\nshop/web:latest sha256:a\nshop/api latest\n")
                == self.history("a", "b"))
    }

    @Test func whatOneRunNotedTheNextOneKnows() throws {
        let folder = try TemporaryFolder()
        let images = BuiltImages(project: "/shop/devloop.json", folder: folder.path)
        images.note { $0.add(Self.image("a")) }
        images.note { $0.add(Self.image("b")) }
        #expect(BuiltImages(project: "/shop/devloop.json", folder: folder.path).history == history("a", "b"))
        #expect(BuiltImages(project: "/other/devloop.json", folder: folder.path).history == ImageHistory())
        BuiltImages(project: "/shop/devloop.json", folder: nil).note { $0.add(Self.image("c")) }
    }

    // MARK: - The loop

    private func rig(_ services: [String] = ["web"]) throws -> LoopRig {
        var rig = LoopRig(try LoopFixture.project(services))
        _ = rig.begin()
        _ = rig.handle(.surveyed(problems: [], ImageDependencies()))
        for service in services { _ = rig.finish(service) }
        return rig
    }

    /// A save, and all that comes of it.
    private func save(_ rig: inout LoopRig, _ image: String) -> [String] {
        rig.images["web"] = image
        return (rig.handle(LoopFixture.saved("web")) + rig.finish("web")).filter { $0.hasPrefix("remove") }
    }

    @Test func whatIsSupersededIsRemovedOnceTheServiceIsLive() throws {
        var rig = try rig()
        #expect(save(&rig, "sha256:2") == [])
        #expect(save(&rig, "sha256:3") == [])
        #expect(save(&rig, "sha256:4") == ["remove sha256:web"])
        // One removal at a time.
        #expect(save(&rig, "sha256:5") == [])
        _ = rig.handle(.removedImages(["sha256:web"]))
        #expect(save(&rig, "sha256:6") == ["remove sha256:2 sha256:3"])
    }

    @Test func whatComesBackWhileItIsRemovedIsBuiltAgain() throws {
        var rig = try rig()
        for image in ["sha256:2", "sha256:3"] { _ = save(&rig, image) }
        #expect(save(&rig, "sha256:4") == ["remove sha256:web"])
        rig.images["web"] = "sha256:web"
        _ = rig.handle(LoopFixture.saved("web"))
        #expect(rig.answer("build web").contains("build web"))
        // This one was begun before the end of the removal, too.
        _ = rig.handle(.removedImages(["sha256:web"]))
        #expect(rig.answer("build web").contains("build web"))
        #expect(rig.finish("web").contains { $0.contains("web live") })
    }

    @Test func whatCameBackBeforeItsRemovalEndedIsBuiltAgainAlsoWhereThatIsHeardOfFirst() throws {
        var rig = try rig()
        for image in ["sha256:2", "sha256:3"] { _ = save(&rig, image) }
        #expect(save(&rig, "sha256:4") == ["remove sha256:web"])
        rig.images["web"] = "sha256:web"
        _ = rig.handle(LoopFixture.saved("web"))
        _ = rig.handle(.removedImages(["sha256:web"]))
        #expect(rig.answer("build web").contains("build web"))
        #expect(rig.finish("web").contains { $0.contains("web live") })
    }

    @Test func whatContainersAreStartedFromStaysWhereLaterImagesCannotBeDelivered() throws {
        var rig = try rig(["web", "api"])
        for image in ["2", "3", "4"] {
            rig.images["web"] = "sha256:\(image)"
            _ = rig.handle(LoopFixture.saved("web"))
            _ = rig.answer("build web")
            _ = rig.fail("web", TargetError("denied"))
        }
        _ = rig.handle(LoopFixture.saved("api"))
        #expect(!rig.finish("api").contains { $0.hasPrefix("remove") })
    }

    @Test func nothingIsRemovedWhileSomethingIsBuilt() throws {
        var rig = try rig(["web", "api"])
        for image in ["sha256:2", "sha256:3"] { _ = save(&rig, image) }
        _ = rig.handle(LoopFixture.saved("api"))
        #expect(save(&rig, "sha256:4") == [])
        rig.images["api"] = "sha256:other"
        #expect(rig.finish("api").contains("remove sha256:web"))
    }
}
