/// What the user says of the nginx that stands before Services and serves the Ingress.
package struct ProxySettings: Sendable, Hashable {
    /// The image where nothing else is said.
    package static let defaultImage = "nginx:stable-alpine"
    /// The variable of the environment that says something else: which images can be had is a matter of the machine.
    package static let imageVariable = "DEVLOOP_NGINX_IMAGE"

    /// The image that nginx runs from.
    package var image: String
    /// The port of this machine that the Ingress has; `nil` takes one that is free, and keeps it.
    package var port: Int?

    package init(image: String = defaultImage, port: Int? = nil) {
        self.image = image
        self.port = port
    }
}
