extension KubernetesObject {
    /// This object as it is applied: containers of devloop's images carry the delivered reference, and the pull policy
    /// that goes with the way it was delivered, and run under a ``Supervisor`` where that is asked for. A pushed image is
    /// pulled always, since its tag moves with every build; one that the node has already must not be pulled.
    func delivering(_ images: DeliveredImages) -> KubernetesObject {
        supervised(images).mapContainers { container, _ in
            guard let name = container["image"]?.string, let image = images.image(meantBy: name) else {
                return container
            }
            var container = container
            container["image"] = .string(image.reference)
            container["imagePullPolicy"] = image.wasPushed ? "Always" : "IfNotPresent"
            return container
        }
    }
}
