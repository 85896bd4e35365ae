extension ImageReference {
    /// Whether a manifest that names `other` means this image.
    ///
    /// The repository must be the same. A reference without a tag stands for every tag of it; one with a tag only for
    /// that tag, where a missing one is `latest`. An image that is pinned by digest is never meant.
    public func covers(_ other: ImageReference) -> Bool {
        name == other.name && other.digest == nil && (tag == nil || tag == other.tag ?? "latest")
    }
}

extension ImageReference {
    /// Whether a manifest's image is this one: by its own name, or by the name that it is delivered under.
    /// - Parameter delivered: the reference in the registry that it is pushed to, where there is one.
    public func isMeant(by image: String, deliveredAs delivered: ImageReference?) -> Bool {
        guard var other = ImageReference(image) else { return false }
        if covers(other) { return true }
        guard let delivered, delivered.name == other.name else { return false }
        other.registry = registry
        other.repository = repository
        return covers(other)
    }
}

extension DeliveredImage {
    /// Whether a manifest's image is this one: by the name that it was built under, or as it was delivered.
    public func isMeant(by image: String) -> Bool {
        built.reference.isMeant(by: image, deliveredAs: ImageReference(reference))
    }
}

extension KubernetesObject {
    /// This object as it is applied: containers of devloop's images carry the delivered reference, and the pull policy
    /// that goes with the way it was delivered. A pushed image is pulled always, since its tag moves with every build;
    /// one that the node has already must not be pulled.
    func delivering(_ images: [DeliveredImage]) -> KubernetesObject {
        guard let path = podSpecPath, var spec = json[path: path] else { return self }
        for key in ["initContainers", "containers"] {
            guard let containers = spec[key]?.array else { continue }
            spec[key] = .array(
                containers.map { container in
                    guard let name = container["image"]?.string,
                        let image = images.first(where: { $0.isMeant(by: name) })
                    else { return container }
                    var container = container
                    container["image"] = .string(image.reference)
                    container["imagePullPolicy"] = image.wasPushed ? "Always" : "IfNotPresent"
                    return container
                })
        }
        var copy = self
        copy.json[path: path] = spec
        return copy
    }
}
