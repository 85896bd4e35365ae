import Runner

/// Where the services run.
enum TargetKind: String, Sendable, CaseIterable {
    /// A cluster, over kubectl.
    case kubernetes
    /// Plain Docker, without a cluster.
    case docker
}

/// What `devloop.json` says, its defaults filled in and its paths made absolute.
///
/// A value: two that are equal run the same, whatever comments or white space their files have.
struct Configuration: Sendable, Equatable {
    /// The absolute path of the file.
    var path: String
    /// The project's name: what devloop makes for it in Docker is labelled with it.
    var name: String
    /// The manifests: absolute paths of files and folders.
    var manifests: [String] = []
    /// Where the services run.
    var target: TargetKind = .kubernetes
    /// What builds, keeps and pushes images.
    var builder = ImageProgramName.docker
    /// The kubectl context; `nil` is the current one.
    var kubeContext: String?
    /// The contexts that may be used though they are not known to be local.
    var allowedContexts: [String] = []
    /// The namespace; `nil` is the context's.
    var namespace: String?
    /// The registry that images are pushed to: `HOST[:PORT][/PATH]`.
    var registry: String?
    /// Where images are pushed to without being told by the file: what the target has chosen.
    var chosenRegistries: [String] = []
    /// The services, in the file's order; never empty, no two with one name or one image.
    var services: [Service]
    /// Ports of this machine that lead to something else than the services.
    var forwards: [Forward] = []
    /// Secrets that are in no manifest.
    var secrets: [OutsideData] = []
    /// ConfigMaps that are in no manifest.
    var configMaps: [OutsideData] = []
    /// How the Ingress is reached on Docker.
    var ingress = Ingress()
    /// How many of each service's images are kept.
    var keptImages = KeptImages.newest(3)
    /// When changes are looked for.
    var watch = Watch()
    /// Where everything stands in the file.
    var origin: Origin

    /// What the project gets from outside of its manifests.
    var outsideData: [OutsideData] { secrets + configMaps }

    /// Where images are, by whatever name: that which they are pushed to first.
    private var registries: [String] { registry.map { [$0] } ?? chosenRegistries }

    /// The registry that images are pushed to, whoever has chosen it.
    var pushRegistry: String? { registries.first }

    /// Which of the services' images a manifest means.
    var imageNames: ImageNames { ImageNames(services.map(\.image), registries: registries) }

    /// The folder that the file is in; the relative paths in the file are relative to it.
    var directory: String { PathName.directory(of: path) }
}

extension Configuration {
    /// One image, and what runs it.
    struct Service: Sendable, Equatable {
        /// The name that logs and messages carry, and that `devloop build NAME` takes.
        var name: String
        /// The image as the manifests name it. It has no digest.
        var image: ImageReference
        /// The absolute path of the build context's folder.
        var context: String
        /// The absolute path of the Dockerfile.
        var dockerfile: String
        /// The stage to build; `nil` is the last one.
        var stage: String?
        /// The build arguments, in the file's order.
        var buildArgs: [BuildArgument] = []
        /// The command that builds the image in place of a Dockerfile: a program and its arguments; none where empty.
        var build: [String] = []
        /// Whether that command pushes the image where it is told to.
        var pushes = false
        /// How it is built, beside that.
        var options = BuildOptions()
        /// What runs the image; `nil` where the manifests say it.
        var workloads: [Workload.Name]?
        /// Patterns, in `.dockerignore`'s language, of files in the context whose changes don't count.
        var ignore: [String] = []
        /// Patterns, in `.dockerignore`'s language, of the only files in the context whose changes count; where it is
        /// empty, the Dockerfile says which, and of a command all do.
        var inputs: [String] = []
        /// Whether files that change are brought into containers that run.
        var sync = Sync.auto
        /// What is done in a container after files arrived there, in this order.
        var onSync: [AfterSync] = []
        /// Ports of this machine that lead to it.
        var ports: [PortMapping] = []
        /// Where the service stands in the file, for errors that are found later: `services[0]`.
        var keyPath: String
    }

    /// A value for an `ARG` of a Dockerfile.
    struct BuildArgument: Sendable, Equatable {
        /// The `ARG`'s name.
        var name: String
        /// Its value; `nil` takes the environment's, where it has one, as `docker build --build-arg NAME` does.
        var value: String?
    }

    /// How the Ingress is reached on Docker.
    struct Ingress: Sendable, Equatable {
        /// The port of this machine; `nil` takes one that is free.
        var port: Int?
    }

    /// When changes are looked for.
    struct Watch: Sendable, Equatable {
        /// The time between two looks at the trees where the system doesn't tell of changes.
        var poll: Duration = .milliseconds(250)
        /// How long saving must have stopped before changes are acted on.
        var settle: Duration = .milliseconds(50)
    }

    /// Where the parts of a configuration stand in its file. All origins are equal, so that they don't make
    /// configurations differ.
    struct Origin: Sendable, Equatable {
        /// The file as messages name it: the path that the user gave.
        var file: String
        /// The places of the file's keys and elements, by key path: `services[0].image`.
        var positions: [String: TextPosition] = [:]

        /// The place of a key path, or of the nearest thing around it that stands in the file.
        func position(of keyPath: String) -> TextPosition? {
            var path = keyPath[...]
            while true {
                if let position = positions[String(path)] { return position }
                guard let cut = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return positions[""] }
                path = path[..<cut]
            }
        }

        static func == (_: Origin, _: Origin) -> Bool { true }
    }

    /// Refuses images that could not be told apart in the registry, which a flag may have named.
    /// - Throws: ``ConfigurationError``.
    func checkImages() throws(ConfigurationError) {
        let problems = imageNames.collisions.map { collision in
            let (first, second) = (services[collision.first], services[collision.second])
            let keyPath = "\(second.keyPath).image"
            let message =
                "in the registry \(pushRegistry ?? "") this and \"\(first.image)\" of \(first.keyPath) would both be "
                + collision.reference
            return ConfigurationError.Problem(
                position: origin.position(of: keyPath), keyPath: keyPath, message: message)
        }
        if !problems.isEmpty { throw ConfigurationError(file: origin.file, problems: problems) }
    }

    /// An error about what stands at a key path, for what only shows when other things are known.
    func error(at keyPath: String, _ message: String, advice: String? = nil) -> ConfigurationError {
        let problem = ConfigurationError.Problem(
            position: origin.position(of: keyPath), keyPath: keyPath, message: message)
        return ConfigurationError(file: origin.file, problems: [problem], advice: advice)
    }
}
