import Testing

@testable import Runner

struct ImageDeliveryTests {
    @Test(arguments: [
        ("docker-desktop", ImageDelivery.shared), ("orbstack", .shared), ("rancher-desktop", .shared),
        ("colima", .shared), ("colima-work", .shared), ("kind-kind", .kind(cluster: "kind")),
        ("kind-a-b", .kind(cluster: "a-b")), ("k3d-dev", .k3d(cluster: "dev")),
        ("minikube", .minikube(profile: "minikube")),
        ("my-docker-desktop", .push(registry: nil)), ("kind", .push(registry: nil)), ("lab", .push(registry: nil)),
    ])
    func theContextSaysHowAnImageGetsThere(context: String, delivery: ImageDelivery) {
        #expect(ImageDelivery(context: context, registry: nil, usesMinikubeDocker: false) == delivery)
        // A registry is asked for: it is used, wherever this is.
        #expect(
            ImageDelivery(context: context, registry: "r:5000", usesMinikubeDocker: true) == .push(registry: "r:5000"))
    }

    @Test func minikubesOwnDockerIsShared() {
        #expect(ImageDelivery(context: "minikube", registry: nil, usesMinikubeDocker: true) == .shared)
        #expect(ImageDelivery(context: "lab", registry: nil, usesMinikubeDocker: true) == .push(registry: nil))
    }

    @Test func minikubeSaysOfAContextThatItMadeIt() {
        #expect(
            ImageDelivery(context: "work", isMinikubes: true, registry: nil, usesMinikubeDocker: false)
                == .minikube(profile: "work"))
        #expect(ImageDelivery(context: "work", isMinikubes: true, registry: nil, usesMinikubeDocker: true) == .shared)
    }

    private let image = BuiltImage(reference: ImageReference("blog/posts")!, id: "sha256:0123456789abcdef")

    @Test func whatHasNoRegistryIsLoaded() throws {
        #expect(
            try ImageDelivery.kind(cluster: "c").load(image)
                == [Command("kind", ["load", "docker-image", "blog/posts:latest", "--name=c"])])
        #expect(
            try ImageDelivery.k3d(cluster: "c").load(image)
                == [Command("k3d", ["image", "import", "blog/posts:latest", "--cluster=c"])])
        #expect(try ImageDelivery.shared.load(image) == [])
        #expect(try ImageDelivery.push(registry: "r").load(image) == [])
        #expect(try ImageDelivery.local(LocalRegistry(host: "r")).load(image) == [])
    }

    @Test func minikubeGetsEachImageUnderANameOfItsOwn() throws {
        let delivery = ImageDelivery.minikube(profile: "work")
        let name = "blog/posts:latest-devloop-0123456789ab"
        #expect(
            try delivery.load(image) == [
                Command("docker", ["tag", "sha256:0123456789abcdef", name]),
                Command("minikube", ["image", "load", name, "--profile=work"]),
            ])
        #expect(try delivery.cleanUp(after: image) == Command("docker", ["image", "rm", name]))
        #expect(try delivery.reference(of: image).tagged == name)
        let names = ImageNames([image.reference, ImageReference("blog/posts:dev")!])
        #expect(names.image(meantBy: name) == image.reference)
        #expect(names.image(meantBy: "blog/posts:dev-devloop-0123456789ab") == ImageReference("blog/posts:dev"))
        #expect(names.image(meantBy: "blog/posts:dev-devloop-01") == image.reference)
    }

    @Test func nodesMayCallTheRegistryOfTheClusterAnotherName() throws {
        let delivery = ImageDelivery.local(LocalRegistry(host: "localhost:5001", hostForNodes: "registry:5000"))
        #expect(try delivery.reference(of: image).tagged == "registry:5000/blog/posts:latest")
        #expect(delivery.registries?.pushed == "localhost:5001")
        #expect("\(delivery)" == "images go to localhost:5001, which the cluster names as its registry")
        let names = ImageNames([image.reference], registries: ["localhost:5001", "registry:5000"])
        for text in ["blog/posts", "localhost:5001/blog/posts", "registry:5000/blog/posts:latest"] {
            #expect(names.image(meantBy: text) == image.reference)
        }
    }
}
