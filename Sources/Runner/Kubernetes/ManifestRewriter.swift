extension ImageReference {
    /// Whether a manifest that names `other` means this image.
    ///
    /// The repository must be the same. A reference without a tag stands for every tag of it; one with a tag only for
    /// that tag, where a missing one is `latest`. An image that is pinned by digest is never meant.
    public func covers(_ other: ImageReference) -> Bool {
        name == other.name && other.digest == nil && (tag == nil || tag == other.tag ?? "latest")
    }
}

extension DeliveredImage {
    /// Whether a manifest's image is this one: by the name that it was built under, or as it was delivered.
    public func isMeant(by image: String) -> Bool {
        guard let other = ImageReference(image) else { return false }
        if built.reference.covers(other) { return true }
        guard let delivered = ImageReference(reference) else { return false }
        return delivered.name == other.name && built.reference.covers(other.renamed(built.reference))
    }
}

extension ImageReference {
    fileprivate func renamed(_ other: ImageReference) -> ImageReference {
        var copy = self
        copy.registry = other.registry
        copy.repository = other.repository
        return copy
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
