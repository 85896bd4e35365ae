/// Creates what comes from outside of the manifests, where it is missing. What is there stays as it is, whoever made it.
///
/// What the objects hold goes over standard input and into no message.
struct ObjectCreation: Sendable {
    /// What became of the objects.
    struct Outcome: Sendable {
        /// Those that are there with something else in them.
        var differing: [Difference] = []
        var failures: [ApplyFailure] = []
    }

    /// An object that is there and stays.
    struct Difference: Sendable, Hashable {
        var object: KubernetesObject
        /// What the user should know.
        var notice: String
    }

    let kubectl: Kubectl
    let launcher: any CommandRunning

    /// Creates objects of one namespace.
    /// - Throws: ``TargetError`` of severity `unavailable` where the cluster can't be asked; `CancellationError`.
    func run(_ objects: [KubernetesObject], namespace: String) async throws -> Outcome {
        let found = try await find(objects, namespace: namespace)
        var outcome = Outcome()
        var missing: [KubernetesObject] = []
        for object in objects {
            switch found.map({ $0[object.identity] }) {
            case .some(let json?):
                let keys = object.keys(differingIn: json)
                if !keys.isEmpty { outcome.differing.append(difference(object, keys: keys)) }
            case .some(nil), nil: missing.append(object)
            }
        }
        guard !missing.isEmpty else { return outcome }
        let output = try await launcher.runTool(kubectl.create(missing.map(\.json), namespace: namespace))
        guard !output.termination.isSuccess else { return outcome }
        if missing.count == 1 {
            try take(output, of: missing[0], &outcome)
        } else {
            // Which of them failed, and why, is told of each alone. What was created by now is there.
            for object in missing {
                let output = try await launcher.runTool(kubectl.create([object.json], namespace: namespace))
                if !output.termination.isSuccess {
                    try take(output, of: object, &outcome, isAgain: found != nil)
                }
            }
        }
        return outcome
    }

    /// Those of the objects that were created for the same project, and a line for each that is there and was not.
    func owned(
        _ objects: [KubernetesObject], namespace: String
    ) async throws -> (objects: [KubernetesObject], left: [String]) {
        guard let found = try await find(objects, namespace: namespace) else {
            let left = objects.map { "\($0.identity) left, if it is there: whose it is may not be read" }
            return ([], left)
        }
        let there = objects.filter { found[$0.identity] != nil }
        let ours = there.filter { $0.isOurs(found[$0.identity] ?? .null) }
        let left = there.filter { !ours.contains($0) }.map { "\($0.identity) left: devloop did not create it" }
        return (ours.map(\.withoutData), left)
    }

    /// What the cluster has of the objects; `nil` where it may not be asked.
    private func find(
        _ objects: [KubernetesObject], namespace: String
    ) async throws -> [KubernetesObject.Identity: JSONValue]? {
        let output = try await launcher.runTool(
            kubectl.remaining(objects.map(\.withoutData.json), namespace: namespace))
        guard output.termination.isSuccess else {
            if let error = KubectlFailure.outage("kubectl get was ended", output, context: kubectl.context) {
                throw error
            }
            return nil
        }
        guard let json = try? JSONParser.parse(output.standardOutput) else { return [:] }
        let all = (json["items"]?.array ?? [json]).compactMap { json in
            KubernetesObject(json, namespace: namespace).map { ($0.identity, json) }
        }
        return Dictionary(all) { first, _ in first }
    }

    /// - Parameter isAgain: whether an attempt before may have created it.
    private func take(
        _ output: CommandOutput, of object: KubernetesObject, _ outcome: inout Outcome, isAgain: Bool = false
    ) throws {
        if let error = KubectlFailure.outage("kubectl create was ended", output, context: kubectl.context) {
            throw error
        }
        let said = output.errorText.withoutSecrets(object.identity.kind == "Secret" ? Array(object.texts.values) : [])
        if said.contains("(AlreadyExists)") {
            if !isAgain { outcome.differing.append(difference(object, keys: nil)) }
            return
        }
        let message = KubectlMessage(said)
        if let error = KubectlFailure.namespaceError(nil, message, context: kubectl.context) {
            outcome.failures.append(
                ApplyFailure(
                    object.identity, passes: true, reasons: [error.summary] + error.details, advice: error.advice))
        } else {
            outcome.failures.append(
                ApplyFailure(object.identity, passes: KubectlFailure.passes(message), reasons: message.reasons))
        }
    }

    /// - Parameter keys: those with other values; `nil` where the object may not be read.
    private func difference(_ object: KubernetesObject, keys: [String]?) -> Difference {
        let (identity, list) = (object.identity, keys?.joined(separator: ", "))
        let state =
            list.map { "is there with another \($0) than devloop.json says" }
            ?? "is there, and may not be read: whether it holds what devloop.json says is not known"
        let command =
            "kubectl --context=\(kubectl.context) --namespace=\(identity.namespace) delete "
            + "\(identity.kind.lowercased()) \(identity.name)"
        return Difference(
            object: object,
            notice: "\(identity) \(state). It stays as it is; to have it made anew, save devloop.json after: "
                + command)
    }
}
