import Runner

extension Deployment {
    /// What the target is asked.
    enum Call: Sendable {
        /// What is there, or was applied, and is none of these objects.
        case leftovers(besides: Set<KubernetesObject.Identity>)
        case letGo(Set<KubernetesObject.Identity>)
        case apply([KubernetesObject], images: DeliveredImages)
        case restart(Workload, images: DeliveredImages)
        /// In which files of the manifests these objects are.
        case locate([KubernetesObject.Identity])
    }

    /// What it answers.
    enum Answer: Sendable {
        case leftovers(Set<KubernetesObject.Identity>)
        /// What became of them, for the user.
        case letGo([String])
        case applied(ApplyReport)
        case restarted
        case located([KubernetesObject.Identity: String])
    }

    enum Action: Sendable {
        /// Ask the target; its answer is for ``answered(_:_:)``.
        case ask(Call, id: Int)
        /// An apply that no rollout waits for came to its end.
        case applied(Result<ApplyReport, any Error>)
        /// The rollout of a service came to its end.
        case rolledOut(service: String, Result<Rollout, any Error>)
        /// A workload that was found deleted is back, or can't be brought back.
        case restored(Workload, Result<Void, any Error>)
    }

    /// What a rollout did.
    enum Rollout: Sendable, Equatable {
        /// New containers were started.
        case started([Workload])
        /// The containers run this image already.
        case running
        /// Nothing can be started before these services have images too.
        case waiting(for: [String])
    }

    /// What an answer is awaited for.
    enum Asked: Sendable {
        case leftovers(of: Int)
        case end(of: [ObjectQueue.Request], Set<KubernetesObject.Identity>)
        /// With the images and the project as they were when it was asked.
        case apply(of: [ObjectQueue.Request], [KubernetesObject], DeliveredImages, Project)
        case files(of: [ObjectQueue.Request], ApplyReport)
        case restart(of: [ObjectQueue.Request])
    }

    /// An apply of everything, in its turns: what the manifests have lost goes, then what is no workload comes (config
    /// maps, services, namespaces), then the workloads, so that none waits for the containers of another.
    struct Everything: Sendable {
        /// Whether rollouts wait for it no more: what is no workload is applied, or was tried.
        var isFounded = false
        /// How many calls for workloads are to come to their end.
        var calls = 0
        var result: Result<ApplyReport, any Error> = .success(ApplyReport())

        /// Takes what came of one of its calls.
        mutating func add(_ other: Result<ApplyReport, any Error>) {
            calls -= 1
            result = ApplyReport.both(result, other)
        }
    }
}
