/// Reads manifests through kubectl: files, folders (without those below them, as `kubectl apply -f FOLDER` does),
/// folders with a kustomization, and patterns of these (``ManifestPaths``). No cluster is needed.
package struct ManifestReader: Sendable {
    private let launcher: any CommandRunning

    package init(launcher: any CommandRunning) {
        self.launcher = launcher
    }

    /// The objects of all paths, in kubectl's order; namespaces and custom resource definitions come first, since
    /// others may need them. What no cluster would take is refused here, so that both targets refuse the same.
    /// - Throws: ``TargetError`` of severity `configuration` with the words of kubectl or Kubernetes, which name the file
    ///   or the object; of `unavailable` where kubectl is missing or was ended by a signal.
    package func read(_ paths: [String]) async throws -> [JSONValue] {
        var objects: [JSONValue] = []
        for path in paths.flatMap(ManifestPaths.expand) { objects += try await readOne(path) }
        let isFirst = { (object: JSONValue) in
            ["Namespace", "CustomResourceDefinition"].contains(object["kind"]?.string)
        }
        return objects.filter(isFirst) + objects.filter { !isFirst($0) }
    }

    private func readOne(_ path: String) async throws -> [JSONValue] {
        var text: [UInt8]?
        if ManifestPaths.kustomization(in: path) != nil {
            text = try await run(Kubectl.kustomize(path), path: path).standardOutput
        }
        async let decoding = launcher.runTool(text.map(Kubectl.decode) ?? Kubectl.decode(path))
        let objects = try parse(try await run(text.map(Kubectl.read) ?? Kubectl.read(path), path: path), path: path)
        var wrongTypes = Self.wrongTypes(try await decoding.errorText, path: path)
        // What is in a List kubectl decodes only once it is taken out of it.
        if wrongTypes.isEmpty, !objects.isEmpty {
            let all = Array(objects.map(\.description).joined(separator: "\n").utf8)
            wrongTypes = Self.wrongTypes(try await launcher.runTool(Kubectl.decode(text: all)).errorText, path: path)
        }
        let problems = wrongTypes + objects.flatMap(ManifestNames.problems)
        guard problems.isEmpty else {
            let isUnquoted = problems.contains {
                $0.contains("unmarshal number into") || $0.contains("unmarshal bool into")
            }
            throw TargetError(
                .configuration, "the manifests in \(path) are not what Kubernetes takes", details: problems,
                advice: isUnquoted ? "a number, true or false that stands for a text needs quotes: \"8080\"" : nil)
        }
        return objects
    }

    /// What Kubernetes' types don't take. A kind that kubectl doesn't know may be a custom resource.
    private static func wrongTypes(_ said: String, path: String) -> [String] {
        var seen: Set<Substring> = []
        return said.split(separator: "\n").compactMap { line in
            let text = line.hasPrefix("error: ") ? line.dropFirst("error: ".count) : line
            guard text.hasPrefix("unable to decode "), !text.contains("\": no kind \""), seen.insert(text).inserted
            else {
                return nil
            }
            let start = "unable to decode \"STDIN\""
            return text.hasPrefix(start) ? "unable to decode \"\(path)\"" + text.dropFirst(start.count) : String(text)
        }
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

    private func parse(_ output: CommandOutput, path: String) throws -> [JSONValue] {
        do throws(JSONSyntaxError) {
            return try JSONParser.parseAll(output.standardOutput).map(Self.withoutEmptyLabels)
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
}
