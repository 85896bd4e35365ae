import Foundation
import TestSupport

/// Projects of random names that share one Docker: few words, so that they meet, and joined ones, so that joining them
/// is ambiguous.
struct RandomProjects: Sendable, CustomStringConvertible {
    /// Something that runs, of one container.
    struct Pod: Sendable {
        struct Mount: Sendable, Hashable {
            var claim: String
            var part: String
        }

        var kind: String
        var name: String
        /// As the manifest has it.
        var namespace: String?
        var image: String
        var mounts: [Mount]
    }

    struct Service: Sendable {
        var name: String
        var namespace: String?
        /// The pods' label `app`.
        var selects: String
    }

    struct Project: Sendable {
        /// Below the case's own folder.
        var folder: String
        var file: String
        var name: String?
        var namespace: String?
        var registry: String?
        /// What devloop.json says is built.
        var images: [String]
        var pods: [Pod]
        var services: [Service]
        /// The name of an object that Kubernetes would refuse.
        var refusedName: String?
    }

    /// In the names of everything that the case makes.
    let token: String
    let projects: [Project]

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        token = "fz\(String(seed, radix: 36))"
        let token = token
        func pick<Element>(_ elements: [Element]) -> Element { elements.randomElement(using: &random)! }
        var places = [("one/\(token)", "devloop.json")]
        switch Int.random(in: 0..<4, using: &random) {
        case 0: places.append(("one/\(token)", "other.json"))
        case 1: places.append(("two/\(token)-api", "devloop.json"))
        default: places.append(("two/\(token)", "devloop.json"))
        }
        let explicit = pick([nil, nil, token, "\(token)-api"] as [String?])
        projects = places.enumerated().map { index, place in
            let registry = pick([nil, "localhost:5000", "localhost:5000/\(token)"] as [String?])
            let images = pick([["a"], ["a", "a:dev"], ["a", "b"], ["a:dev", "a:1.0"], ["b:1.0"]])
                .map { "\(token)/\($0)" }
            let namespaces = pick([[nil], [nil, "api"], ["shop"], [nil, "shop", "api"]] as [[String?]])
            var pods: [Pod] = []
            for position in 0..<Int.random(in: images.count...4, using: &random) {
                let references = Self.references(to: images, token, registry)
                // Each image has a user.
                let image = position < images.count ? images[position] : pick(references)
                let mounts = (0..<Int.random(in: 0...2, using: &random)).map { _ in
                    Pod.Mount(claim: pick(["data", "api-data", "web-data"]), part: pick(["", "", "x", "x/y", "x-y"]))
                }
                let pod = Pod(
                    kind: pick(["Deployment", "Deployment", "StatefulSet", "Pod"]),
                    name: pick(["web", "api", "db", "api-web"]), namespace: pick(namespaces), image: image,
                    mounts: mounts)
                let isThere = pods.contains {
                    $0.kind == pod.kind && $0.name == pod.name && $0.namespace == pod.namespace
                }
                if position < images.count || !isThere { pods.append(pod) }
            }
            for index in pods.indices where index < images.count { pods[index].name += "\(index)" }
            var services: [Service] = []
            for pod in pods {
                let service = Service(
                    name: pick(["db", "api", "web"]), namespace: pick([pod.namespace, pick(namespaces)]),
                    selects: pod.name)
                let isThere = services.contains { $0.name == service.name && $0.namespace == service.namespace }
                if !isThere { services.append(service) }
            }
            let isRefused = Int.random(in: 0..<8, using: &random) == 0
            return Project(
                folder: place.0, file: place.1, name: explicit, namespace: pick([nil, nil, "shop"]),
                registry: registry, images: images, pods: pods, services: services,
                refusedName: isRefused && index == 1 ? pick(["My_App", "", "-a", "a.", "a b"]) : nil)
        }
    }

    /// What manifests may call them, and what means none of them.
    private static func references(to images: [String], _ token: String, _ registry: String?) -> [String] {
        let names = images + ["a", "a:1.0", "a:dev", "b", "b:1.0", "c", "ab"].map { "\(token)/\($0)" }
        let prefixes = ["", "localhost:5000/"] + (registry.map { ["\($0)/"] } ?? [])
        return prefixes.flatMap { prefix in names.map { prefix + $0 } }
    }

    var description: String { projects.map { "\($0)" }.joined(separator: "\n") }
}

extension RandomProjects {
    /// Writes the folders of the projects.
    func write(below root: URL) throws {
        for (index, project) in projects.enumerated() {
            let folder = root.appendingPathComponent(project.folder)
            var services: [String] = []
            for (number, image) in project.images.enumerated() {
                let context = folder.appendingPathComponent("context-\(index)-\(number)")
                try FileManager.default.createDirectory(at: context, withIntermediateDirectories: true)
                try "FROM \(Self.base)\nCOPY image /image\n".write(
                    to: context.appendingPathComponent("Dockerfile"), atomically: true, encoding: .utf8)
                try "\(index)-\(image)\n".write(
                    to: context.appendingPathComponent("image"), atomically: true, encoding: .utf8)
                services.append(
                    #"{ "name": "s\#(number)", "image": "\#(image)", "context": "context-\#(index)-\#(number)" }"#)
            }
            try manifests(of: index).joined(separator: "\n").write(
                to: folder.appendingPathComponent("manifests-\(index).json"), atomically: true, encoding: .utf8)
            var keys = [#""target": "docker""#, #""manifests": ["manifests-\#(index).json"]"#]
            if let name = project.name { keys.append(#""name": "\#(name)""#) }
            if let namespace = project.namespace { keys.append(#""namespace": "\#(namespace)""#) }
            if let registry = project.registry { keys.append(#""registry": "\#(registry)""#) }
            keys.append(#""services": [\#(services.joined(separator: ", "))]"#)
            try "{ \(keys.joined(separator: ",\n  ")) }\n".write(
                to: folder.appendingPathComponent(project.file), atomically: true, encoding: .utf8)
        }
    }

    /// What all images are made of: a script that tells in each of its volumes who it is, and whoever asks.
    static let base = "devloop-fuzz/base"

    private func manifests(of index: Int) -> [String] {
        let project = projects[index]
        func metadata(_ name: String, _ namespace: String?) -> String {
            #"{ "name": "\#(name)"\#(namespace.map { #", "namespace": "\#($0)""# } ?? "") }"#
        }
        var documents = project.pods.map { pod in
            let mounts = pod.mounts.enumerated().map { number, mount in
                #"{ "name": "v\#(number)", "mountPath": "/c\#(number)""#
                    + (mount.part.isEmpty ? " }" : #", "subPath": "\#(mount.part)" }"#)
            }
            let volumes = pod.mounts.enumerated().map { number, mount in
                #"{ "name": "v\#(number)", "persistentVolumeClaim": { "claimName": "\#(mount.claim)" } }"#
            }
            let labels = #"{ "app": "\#(pod.name)" }"#
            let spec = """
                { "terminationGracePeriodSeconds": 1, "volumes": [\(volumes.joined(separator: ", "))],
                "containers": [{ "name": "main", "image": "\(pod.image)", "imagePullPolicy": "IfNotPresent",
                "env": [{ "name": "ME", "value": "\(me(pod, of: index))" }],
                "volumeMounts": [\(mounts.joined(separator: ", "))] }] }
                """
            let head = #"{ "apiVersion": "\#(pod.kind == "Pod" ? "v1" : "apps/v1")", "kind": "\#(pod.kind)", "#
            if pod.kind == "Pod" {
                let name = metadata(pod.name, pod.namespace).dropLast(2)
                return head + #""metadata": \#(name), "labels": \#(labels) }, "spec": \#(spec) }"#
            }
            return head + """
                "metadata": \(metadata(pod.name, pod.namespace)), "spec": { "selector": { "matchLabels": \(labels) },
                "template": { "metadata": { "labels": \(labels) }, "spec": \(spec) } } }
                """
        }
        documents += project.services.map { service in
            """
            { "apiVersion": "v1", "kind": "Service", "metadata": \(metadata(service.name, service.namespace)),
            "spec": { "selector": { "app": "\(service.selects)" }, "ports": [{ "port": 80 }] } }
            """
        }
        if let name = project.refusedName {
            documents.append(
                #"{ "apiVersion": "v1", "kind": "ConfigMap", "metadata": \#(metadata(name, nil)), "data": {} }"#)
        }
        return documents
    }

    /// What a pod says that it is.
    func me(_ pod: Pod, of index: Int) -> String {
        "\(token)/\(index)/\(pod.namespace ?? projects[index].namespace ?? "default")/\(pod.kind)/\(pod.name)"
    }
}
