/// Compares what the containers of a workload run with the image that devloop built. Pure.
///
/// A pod reports for each container what the runtime started: `localhost:5000/blog/posts@sha256:…` with the digest that
/// the registry knows the image by, or `docker://sha256:…` and `sha256:…` with the image's id
/// (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ContainerStatus).
struct ImageCheck: Sendable {
    let image: DeliveredImage
    /// The images that devloop builds.
    let names: ImageNames
    /// The digests and the id that mean this image.
    let identities: Set<String>
    /// Whether nodes give a loaded image a digest of their own, so that another digest says nothing.
    var digestsSayNothing = false

    /// A container that runs something else than the image.
    struct Difference: Sendable, Hashable {
        var pod: String
        var container: KubernetesPod.Container
    }

    /// Whether a container that should run the image runs it, as far as that can be told.
    func isSame(_ container: KubernetesPod.Container) -> Bool {
        if identities.contains(where: container.imageID.hasSuffix) { return true }
        return digestsSayNothing && container.imageID.contains("@")
    }

    /// Whether pods run the image, and no container of it is to run another one.
    func isRun(by pods: [KubernetesPod], containers chosen: Set<String>?) -> Bool {
        let users = pods.flatMap(\.containers).filter { chosen?.contains($0.name) ?? isMeant(by: $0) }
        return users.contains { !$0.imageID.isEmpty } && users.allSatisfy { $0.image == image.reference }
            && differences(in: pods, containers: chosen).isEmpty
    }

    /// The containers that run something else.
    /// - Parameters:
    ///   - pods: the workload's pods.
    ///   - chosen: the containers that should run the image; `nil` takes those that name it.
    func differences(in pods: [KubernetesPod], containers chosen: Set<String>?) -> [Difference] {
        pods.flatMap { pod in
            pod.containers.filter { container in
                // One that waits, or an init container that is still to come, runs nothing yet.
                guard container.hasStarted, !container.imageID.isEmpty else { return false }
                return (chosen?.contains(container.name) ?? isMeant(by: container)) && !isSame(container)
            }.map { Difference(pod: pod.name, container: $0) }
        }
    }

    /// Containers whose image has the built one's repository and another tag, or is pinned by its digest: they go on
    /// running that.
    func pinned(in pods: [KubernetesPod], containers chosen: Set<String>?) -> [String] {
        let repositories = [image.built.reference.name, ImageReference(image.reference)?.name]
        let containers = pods.flatMap(\.containers).filter { container in
            guard let name = ImageReference(container.image)?.name, repositories.contains(name) else { return false }
            return !(chosen?.contains(container.name) ?? isMeant(by: container))
        }
        return Set(containers.map { "container \($0.name) runs \($0.image)" }).sorted()
    }

    private func isMeant(by container: KubernetesPod.Container) -> Bool {
        names.image(meantBy: container.image) == image.built.reference
    }

    /// The failure that tells of differences.
    /// - Parameter templateImages: the image of each container as the workload's pod template names it now.
    func failure(_ differences: [Difference], of workload: Workload, templateImages: [String: String]) -> TargetError {
        var details: [String] = []
        for difference in Set(differences.map(\.container)).sorted(by: { $0.name < $1.name }) {
            details.append("container \(difference.name) runs \(Self.shown(difference.imageID, as: difference.image))")
            details.append(why(difference, template: templateImages[difference.name]))
        }
        details.append("built was \(image.reference), \(image.digest ?? image.built.id)")
        return TargetError(
            "\(workload) does not run the image that was built", details: details,
            advice: "the service is not live with this change; save again to deliver it once more")
    }

    /// The reference of a difference, with what it stood for.
    private static func shown(_ imageID: String, as reference: String) -> String {
        let digest = imageID.split { $0 == "@" || $0 == "/" }.last ?? ""
        return "\(reference), \(digest)"
    }

    private func why(_ container: KubernetesPod.Container, template: String?) -> String {
        if container.image != image.reference {
            guard let template, template == image.reference else {
                return "somebody has set another image than devloop: the workload names \(template ?? container.image)"
            }
            return "the workload names \(template): an admission webhook has changed that in the pod"
        }
        switch container.pullPolicy {
        case "Always": return "another build was pushed to that tag after this one"
        case let policy:
            return "its pull policy is \(policy): the node has started an older image that it had under that tag"
        }
    }
}
