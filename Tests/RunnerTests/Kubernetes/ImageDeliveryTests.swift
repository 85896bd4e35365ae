import Testing

@testable import Runner

struct ImageDeliveryTests {
    @Test(arguments: [
        ("docker-desktop", ImageDelivery.shared), ("orbstack", .shared), ("rancher-desktop", .shared),
        ("colima", .shared), ("colima-work", .shared), ("kind-kind", .kind(cluster: "kind")),
        ("kind-a-b", .kind(cluster: "a-b")), ("k3d-dev", .k3d(cluster: "dev")), ("minikube", .push(registry: nil)),
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

    @Test func onlyKindAndK3dLoad() throws {
        let reference = try #require(ImageReference("blog/posts"))
        #expect(
            ImageDelivery.kind(cluster: "c").load(reference)
                == Command("kind", ["load", "docker-image", "blog/posts:latest", "--name=c"]))
        #expect(
            ImageDelivery.k3d(cluster: "c").load(reference)
                == Command("k3d", ["image", "import", "blog/posts:latest", "--cluster=c"]))
        #expect(ImageDelivery.shared.load(reference) == nil)
        #expect(ImageDelivery.push(registry: "r").load(reference) == nil)
    }
}
