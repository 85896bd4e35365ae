import Runner

/// The objects whose last apply failed: what the cluster has of them is not what the manifests say. A pure value.
struct UnappliedObjects: Sendable {
    /// What was told of an object: told again where it is another failure, or of another manifest.
    private struct Told: Sendable, Equatable {
        var reasons: [String]
        var manifest: JSONValue?
    }

    private var failures: [ApplyFailure] = []
    /// What was tried of each of them.
    private var manifests: [KubernetesObject.Identity: JSONValue] = [:]
    private var told: [KubernetesObject.Identity: Told] = [:]

    /// The objects.
    var identities: Set<KubernetesObject.Identity> { Set(failures.map(\.object)) }

    /// The failures that may pass with nobody's doing.
    var passing: [ApplyFailure] { failures.filter(\.passes) }

    /// The failures that nobody's doing ends and that were not told yet.
    var untold: [ApplyFailure] { failures.filter { !$0.passes && told[$0.object] != news(of: $0) } }

    /// Takes what came of an apply.
    /// - Returns: those of the objects that are applied now and failed before.
    mutating func note(_ objects: [KubernetesObject], failures new: [ApplyFailure]) -> [KubernetesObject.Identity] {
        let failed = Set(new.map(\.object))
        let tried = Set(objects.map(\.identity))
        let recovered = failures.map(\.object).filter { tried.contains($0) && !failed.contains($0) }
        failures.removeAll { tried.contains($0.object) || failed.contains($0.object) }
        failures += new
        for object in objects { manifests[object.identity] = object.json }
        forgetOthers()
        return recovered
    }

    /// Forgets what the manifests don't hold any more.
    mutating func keep(only objects: Set<KubernetesObject.Identity>) {
        failures.removeAll { !objects.contains($0.object) }
        forgetOthers()
    }

    /// A failed object is in this file.
    mutating func locate(_ object: KubernetesObject.Identity, in file: String?) {
        for index in failures.indices where failures[index].object == object { failures[index].file = file }
    }

    /// The failures that nobody's doing ends, each once for as long as it lasts.
    mutating func takeUntold() -> [ApplyFailure] {
        let untold = untold
        for failure in untold { told[failure.object] = news(of: failure) }
        return untold
    }

    /// What a step has to say that goes on although these objects are not applied.
    func reminders(of objects: Set<KubernetesObject.Identity>) -> [String] {
        failures.filter { objects.contains($0.object) }.map(\.reminder)
    }

    private func news(of failure: ApplyFailure) -> Told {
        Told(reasons: failure.reasons, manifest: manifests[failure.object])
    }

    private mutating func forgetOthers() {
        let failed = identities
        manifests = manifests.filter { failed.contains($0.key) }
        told = told.filter { failed.contains($0.key) }
    }
}
