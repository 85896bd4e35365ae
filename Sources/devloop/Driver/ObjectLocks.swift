import Runner

/// Keeps two tasks from changing one object at a time.
actor ObjectLocks {
    private var held: Set<KubernetesObject.Identity> = []
    private var waiting: [(objects: Set<KubernetesObject.Identity>, continuation: CheckedContinuation<Void, Never>)] =
        []

    /// Whether somebody waits.
    var isAwaited: Bool { !waiting.isEmpty }

    /// Runs the body while no other one holds any of the objects. All are taken in one step, so that no two wait for
    /// each other.
    nonisolated func withLocks<Result: Sendable>(
        on objects: Set<KubernetesObject.Identity>, _ body: @Sendable () async throws -> Result
    ) async rethrows -> Result {
        await take(objects)
        do {
            let result = try await body()
            await release(objects)
            return result
        } catch {
            await release(objects)
            throw error
        }
    }

    private func take(_ objects: Set<KubernetesObject.Identity>) async {
        // Nobody overtakes one who waits for the same object.
        if held.isDisjoint(with: objects), waiting.allSatisfy({ $0.objects.isDisjoint(with: objects) }) {
            held.formUnion(objects)
            return
        }
        await withCheckedContinuation { waiting.append((objects, $0)) }
    }

    private func release(_ objects: Set<KubernetesObject.Identity>) {
        held.subtract(objects)
        var blocked: Set<KubernetesObject.Identity> = []
        // In order: nobody overtakes one who waits for the same object.
        waiting.removeAll { entry in
            guard held.isDisjoint(with: entry.objects), blocked.isDisjoint(with: entry.objects) else {
                blocked.formUnion(entry.objects)
                return false
            }
            held.formUnion(entry.objects)
            entry.continuation.resume()
            return true
        }
    }
}
