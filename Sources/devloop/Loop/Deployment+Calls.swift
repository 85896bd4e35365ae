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
}
