#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reads manifests through kubectl: files, folders (without those below them, as `kubectl apply -f FOLDER` does) and
/// folders with a kustomization. No cluster is needed.
public struct ManifestReader: Sendable {
    private let launcher: any CommandRunning

    /// A reader.
    public init(launcher: any CommandRunning) {
        self.launcher = launcher
    }

    /// The objects of all paths, in kubectl's order; namespaces and custom resource definitions come first, since
    /// others may need them.
    /// - Throws: ``TargetError`` of severity `configuration` with kubectl's message, which names file and line; of
    ///   `unavailable` where kubectl is missing or was ended by a signal.
    public func read(_ paths: [String]) async throws -> [KubernetesObject] {
        var objects: [KubernetesObject] = []
        for path in paths {
            objects += try await readOne(path)
        }
        let isFirst = { (object: KubernetesObject) in
            ["Namespace", "CustomResourceDefinition"].contains(object.identity.kind)
        }
        return objects.filter(isFirst) + objects.filter { !isFirst($0) }
    }

    private func readOne(_ path: String) async throws -> [KubernetesObject] {
        if Self.isKustomization(path) {
            let built = try await run(Kubectl.kustomize(path), path: path)
            return try parse(try await run(Kubectl.read(text: built.standardOutput), path: path), path: path)
        }
        return try parse(try await run(Kubectl.read(path), path: path), path: path)
    }

    private func run(_ command: Command, path: String) async throws -> CommandOutput {
        let output = try await launcher.runTool(command)
        guard output.termination.isSuccess else {
            var severity = TargetError.Severity.configuration
            // Somebody has ended kubectl: that says nothing about the manifests.
            if case .signalled = output.termination { severity = .unavailable }
            throw TargetError(
                severity, "the manifests in \(path) cannot be read",
                details: output.errorText.split(separator: "\n").map(String.init))
        }
        return output
    }

    private func parse(_ output: CommandOutput, path: String) throws -> [KubernetesObject] {
        do throws(JSONSyntaxError) {
            return try JSONParser.parseAll(output.standardOutput).compactMap {
                KubernetesObject(Self.withoutEmptyLabels($0))
            }
        } catch {
            throw TargetError(
                .configuration, "what kubectl made of the manifests in \(path) is not JSON", details: [error.message])
        }
    }

    /// Removing a label leaves `"labels": {}` where there were none.
    private static func withoutEmptyLabels(_ object: JSONValue) -> JSONValue {
        var object = object
        if object[path: ["metadata", "labels"]] == .object(JSONObject()) {
            object[path: ["metadata", "labels"]] = nil
        }
        return object
    }

    /// The three names are kustomize's.
    private static func isKustomization(_ path: String) -> Bool {
        ["kustomization.yaml", "kustomization.yml", "Kustomization"].contains { access("\(path)/\($0)", F_OK) == 0 }
    }
}
