import Runner

/// The objects whose last apply failed: what the cluster has of them is not what the manifests say. A pure value.
struct UnappliedObjects: Sendable {
    private var failures: [ApplyFailure] = []
    private var told: Set<ApplyFailure> = []

    /// The objects.
    var identities: Set<KubernetesObject.Identity> { Set(failures.map(\.object)) }

    /// The failures that may pass with nobody's doing.
    var passing: [ApplyFailure] { failures.filter(\.passes) }

    /// Takes what came of an apply.
    /// - Returns: those of the objects that are applied now and failed before.
    mutating func note(
        _ objects: [KubernetesObject.Identity], failures new: [ApplyFailure]
    ) -> [KubernetesObject.Identity] {
        let failed = Set(new.map(\.object))
        let recovered = failures.map(\.object).filter { objects.contains($0) && !failed.contains($0) }
        failures.removeAll { objects.contains($0.object) }
        failures += new
        told = told.filter { !recovered.contains($0.object) }
        return recovered
    }

    /// Forgets what the manifests don't hold any more.
    mutating func keep(only objects: Set<KubernetesObject.Identity>) {
        failures.removeAll { !objects.contains($0.object) }
    }

    /// The failures that nobody's doing ends, each once for as long as it lasts.
    mutating func takeUntold() -> [ApplyFailure] {
        failures.filter { !$0.passes && told.insert($0).inserted }
    }

    /// What a step has to say that goes on although these objects are not applied.
    func reminders(of objects: Set<KubernetesObject.Identity>) -> [String] {
        failures.filter { objects.contains($0.object) }.map(\.reminder)
    }
}
