import Runner

/// Tests that aren't about namespaces have one.
extension Workload {
    init(kind: Kind, name: String) { self.init(kind: kind, name: name, namespace: "default") }

    init?(_ text: String) {
        guard let name = Name(text) else { return nil }
        self.init(name, namespace: "default")
    }
}

extension KubernetesObject {
    init?(_ json: JSONValue) { self.init(json, namespace: "default") }
}

extension KubernetesObject.Identity {
    init(kind: String, name: String) { self.init(kind: kind, name: name, namespace: "default") }
}

/// Images, as they were delivered.
extension DeliveredImages: ExpressibleByArrayLiteral {
    /// What these images are delivered as.
    package init(arrayLiteral elements: DeliveredImage...) { self.init(elements) }

    init(_ images: [DeliveredImage]) {
        let registry = images.lazy.filter { $0.built.reference.registry == nil }
            .compactMap { ImageReference($0.reference)?.registry }.first
        self.init(names: ImageNames(images.map(\.built.reference), registries: registry.map { [$0] } ?? []))
        for image in images { self[image.built.reference] = image }
    }
}

extension Target {
    func delivered(_ image: BuiltImage, runningIn workload: Workload) async throws -> DeliveredImage? {
        let names = ImageNames([image.reference], registries: ["localhost:5000"])
        return try await delivered(image, among: names, runningIn: workload)
    }

    func verify(_ image: DeliveredImage, runsIn workload: Workload) async throws -> [String] {
        try await verify(image, among: DeliveredImages([image]).names, runsIn: workload)
    }
}
