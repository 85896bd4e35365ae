/// A container of a workload that runs, as the target tells it.
package struct RunningContainer: Sendable, Hashable {
    /// Where a command finds it.
    package enum Place: Sendable, Hashable {
        /// In a pod.
        case pod(String, namespace: String)
        /// On Docker, where its id says it.
        case docker
    }

    /// Tells it from every other one, also from the one before it in its pod.
    package var id: String
    package var place: Place
    package var workload: Workload
    /// Its name in the pod.
    package var name: String
    /// The image as it is named in the pod.
    package var image: String
    /// What it was started from, as the runtime tells it: something that ends with an image's id, or with the digest that a
    /// registry knows it by.
    package var imageID: String
    /// Whether its pod is to end.
    package var isEnding: Bool

    package init(
        id: String, place: Place, workload: Workload, name: String, image: String, imageID: String,
        isEnding: Bool = false
    ) {
        self.id = id
        self.place = place
        self.workload = workload
        self.name = name
        self.image = image
        self.imageID = imageID
        self.isEnding = isEnding
    }
}

extension KubernetesPod {
    /// Its containers that run, but for those that run to their end before the others.
    func running(_ workload: Workload) -> [RunningContainer] {
        containers.filter { $0.isRunning && !$0.isInit && !$0.id.isEmpty }.map { container in
            RunningContainer(
                id: container.id, place: .pod(name, namespace: namespace), workload: workload, name: container.name,
                image: container.image, imageID: container.imageID, isEnding: isTerminating)
        }
    }
}
