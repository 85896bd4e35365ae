import Testing

@testable import Runner

@Suite struct ImageNamesTests {
    private func names(_ images: String..., registry: String? = nil) throws -> ImageNames {
        ImageNames(try images.map { try #require(ImageReference($0)) }, registries: registry.map { [$0] } ?? [])
    }

    @Test(arguments: [
        ("blog/posts", true), ("blog/posts:latest", true), ("docker.io/blog/posts", true), ("blog/posts:v1", true),
        ("localhost:5000/blog/posts", true), ("localhost:5000/blog/posts:v1", true), ("other:5000/blog/posts", false),
        ("blog/posts2", false), ("posts", false), ("not an image", false),
        ("blog/posts@sha256:\(String(repeating: "a", count: 64))", false),
    ])
    func anImageIsMeantByItsOwnNameAndByTheOneInTheRegistry(image: String, isMeant: Bool) throws {
        #expect((try names("blog/posts", registry: "localhost:5000").image(meantBy: image) != nil) == isMeant)
    }

    @Test(arguments: [
        ("blog/posts:dev", true), ("localhost:5000/blog/posts:dev", true), ("blog/posts", false),
        ("blog/posts:latest", false), ("localhost:5000/blog/posts:v1", false),
    ])
    func anImageWithATagIsMeantByThatTagOnly(image: String, isMeant: Bool) throws {
        #expect((try names("blog/posts:dev", registry: "localhost:5000").image(meantBy: image) != nil) == isMeant)
    }

    @Test(arguments: [
        ("shop/amb:1.0", "shop/amb"), ("shop/amb", "shop/amb"), ("shop/amb:dev", "shop/amb:dev"),
        ("localhost:5000/shop/amb:dev", "shop/amb:dev"), ("localhost:5000/shop/amb:2", "shop/amb"),
        ("shop/amb:beta", "shop/amb:beta"),
    ])
    func theMostSpecificImageIsMeantInWhateverOrderTheyStand(image: String, meant: String) throws {
        let all = ["shop/amb", "shop/amb:dev", "shop/amb:beta"].compactMap { ImageReference($0) }
        for start in all.indices {
            for turn in [all[start...] + all[..<start], ArraySlice((all[start...] + all[..<start]).reversed())] {
                let names = ImageNames(Array(turn), registries: ["localhost:5000"])
                #expect(names.image(meantBy: image) == ImageReference(meant))
            }
        }
    }

    @Test func aTagInTheRegistryIsItsOwnImagesBeforeAnotherOnesRepository() throws {
        let names = try names("localhost:5000/shop/x", "shop/x:dev", registry: "localhost:5000")
        #expect(names.collisions.isEmpty)
        #expect(names.image(meantBy: "localhost:5000/shop/x:dev") == ImageReference("shop/x:dev"))
        #expect(names.image(meantBy: "localhost:5000/shop/x:1") == ImageReference("localhost:5000/shop/x"))
        #expect(names.image(meantBy: "shop/x:1") == nil)
    }

    @Test(
        arguments: [
            (["a/b", "a/b:latest"], nil, true), (["a/b", "docker.io/a/b"], nil, true),
            (["a/b", "a/b:dev"], nil, false),
            (["a/b", "localhost:5000/a/b"], nil, false), (["a/b", "localhost:5000/a/b"], "localhost:5000", true),
            (["gcr.io/a/b", "quay.io/a/b"], nil, false), (["gcr.io/a/b", "quay.io/a/b"], "localhost:5000", true),
            (["gcr.io/a/b:1", "quay.io/a/b:2"], "localhost:5000", false),
            (["x/b", "team/x/b"], "docker.io/team", true),
        ] as [([String], String?, Bool)])
    func whatWouldBeDeliveredUnderOneReferenceCollides(images: [String], registry: String?, collides: Bool) {
        let names = ImageNames(images.compactMap { ImageReference($0) }, registries: registry.map { [$0] } ?? [])
        #expect(names.collisions.map { [$0.first, $0.second] } == (collides ? [[0, 1]] : []))
    }

    /// Whatever images there are: without a collision each is meant by what it is delivered as, and no other.
    @Test func whatIsDeliveredIsTheImageThatItWasBuiltAs() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<3000 {
            let registry = [nil, "localhost:5000", "localhost:5000/team", "docker.io/team"].randomElement() ?? nil
            let images = (0..<4).compactMap { _ in
                ImageReference(
                    ["", "localhost:5000/", "gcr.io/", "localhost:5000/team/", "team/"].randomElement(
                        using: &generator)!
                        + ["a", "b", "a/b"].randomElement(using: &generator)!
                        + ["", ":latest", ":dev"].randomElement(using: &generator)!)
            }
            let names = ImageNames(images, registries: registry.map { [$0] } ?? [])
            guard names.collisions.isEmpty else { continue }
            for image in images {
                let delivered = registry.flatMap { image.inRegistry($0) } ?? image
                #expect(
                    names.image(meantBy: delivered.tagged) == image, "\(images) in \(registry ?? "none"): \(delivered)")
            }
        }
    }
}

@Suite struct DeliveredImagesTests {
    @Test func eachChangeMakesItNewer() throws {
        let reference = try #require(ImageReference("a/b"))
        var images = DeliveredImages(names: ImageNames([]))
        let first = images.version
        images.names = ImageNames([reference])
        #expect(images.image(meantBy: "a/b") == nil)
        images[reference] = DeliveredImage(built: BuiltImage(reference: reference, id: "1"), reference: "1")
        #expect(images.version > first)
        #expect(images.image(meantBy: "a/b:3")?.built.id == "1")
        images[reference] = nil
        #expect(images.image(meantBy: "a/b") == nil)
    }
}
