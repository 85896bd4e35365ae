/// The images that devloop builds, and the one answer to the question which of them a manifest's reference means: for
/// both targets, and for references as they are written and as they were delivered.
///
/// An image is meant by its own name and by the name that it has in the registry. The repository must be the same. An
/// image without a tag stands for every tag of its repository, one with a tag only for that tag, where a missing one is
/// `latest`; a reference that is pinned by digest means none. Of several the most specific is meant: the one with the
/// reference's tag before the one that stands for every tag. ``collisions`` are what stays ambiguous.
package struct ImageNames: Sendable, Hashable {
    /// Two images that can't be told apart.
    package struct Collision: Sendable, Hashable {
        /// The place of the one in the list.
        package var first: Int
        /// The place of the other.
        package var second: Int
        /// The reference that both are delivered under.
        package var reference: String
    }

    private let images: [ImageReference]
    private let registries: [String]
    /// For each repository the images that it may mean, by their tags; without one under `nil`.
    private let byRepository: [String: [String?: ImageReference]]

    /// - Parameters:
    ///   - images: as the configuration names them.
    ///   - registries: where images are, as `HOST[:PORT][/PATH]`: that which they are pushed to first, and what others call
    ///     the same one.
    package init(_ images: [ImageReference], registries: [String] = []) {
        self.images = images
        self.registries = registries
        var byRepository: [String: [String?: ImageReference]] = [:]
        for image in images {
            for name in Set([image.name] + registries.map { Self.delivered(image, $0).name }) {
                byRepository[name, default: [:]][image.tag] = image
            }
        }
        self.byRepository = byRepository
    }

    /// The image that a manifest's reference means; `nil` where it is none of these.
    package func image(meantBy text: String) -> ImageReference? {
        guard let reference = ImageReference(text), reference.digest == nil,
            let tags = byRepository[reference.name]
        else { return nil }
        return tags[reference.plainTag.map(String.init) ?? "latest"] ?? tags[nil]
    }

    /// The images that would be delivered under one reference.
    package var collisions: [Collision] {
        var places: [String: Int] = [:]
        return images.enumerated().compactMap { index, image in
            let reference = Self.delivered(image, registries.first).tagged
            guard let first = places[reference] else {
                places[reference] = index
                return nil
            }
            return Collision(first: first, second: index, reference: reference)
        }
    }

    private static func delivered(_ image: ImageReference, _ registry: String?) -> ImageReference {
        registry.flatMap { image.inRegistry($0) } ?? image
    }
}

/// What the images that devloop builds are delivered as by now.
package struct DeliveredImages: Sendable, Hashable {
    /// Which of them a reference means.
    package var names: ImageNames {
        didSet { version += 1 }
    }
    /// Grows with each change: of two copies, the one with the higher version is the newer.
    package private(set) var version = 0
    private var delivered: [ImageReference: DeliveredImage] = [:]

    /// None so far.
    package init(names: ImageNames) { self.names = names }

    /// What an image was delivered as; `nil` before it was.
    package subscript(image: ImageReference) -> DeliveredImage? {
        get { delivered[image] }
        set {
            delivered[image] = newValue
            version += 1
        }
    }

    /// What a manifest's reference stands for; `nil` where that is none of devloop's images, or not delivered yet.
    package func image(meantBy text: String) -> DeliveredImage? {
        names.image(meantBy: text).flatMap { delivered[$0] }
    }

    /// The images that were delivered.
    package var images: [ImageReference] { Array(delivered.keys) }
}
