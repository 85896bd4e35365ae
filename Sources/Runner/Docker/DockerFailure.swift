/// What docker's own error messages mean.
enum DockerFailure {
    /// The error for a docker command that failed: severity `unavailable` where docker says that its daemon can't be
    /// reached, or was ended by somebody else.
    static func error(
        _ summary: String, said lines: [String], termination: Termination = .exited(1)
    ) -> TargetError {
        let text = lines.joined(separator: "\n")
        if unreachable.contains(where: text.contains) {
            return TargetError(
                .unavailable, "the Docker daemon cannot be reached", details: lines.suffix(3),
                advice: "start Docker Desktop, or: sudo systemctl start docker")
        }
        if text.contains("permission denied") && text.contains("docker.sock") {
            return TargetError(
                .unavailable, "the Docker daemon refuses this user", details: lines.suffix(3),
                advice: "add yourself to the group docker: sudo usermod -aG docker $USER, then log in again")
        }
        if case .signalled = termination { return TargetError(.unavailable, summary, details: lines) }
        // Only the last line: what a build's own commands print may say anything.
        let last = lines.last ?? ""
        if brokenConnection.contains(where: last.contains) {
            return TargetError(
                .unavailable, "the connection to the Docker daemon broke", details: lines.suffix(3),
                advice: "is the daemon running? Try: docker version")
        }
        // The legacy builder's cache named an image that somebody has removed since: the next build makes it anew.
        if last.contains("unable to find image \"sha256:") {
            return TargetError(
                .unavailable, summary, details: lines.suffix(3),
                advice: "does something remove Docker's images while it builds?")
        }
        if last.contains("no space left on device") {
            return TargetError(
                .unavailable, summary, details: lines.suffix(5),
                advice: "the disk is full: docker system df shows for what")
        }
        return TargetError(summary, details: lines)
    }

    /// The last is what `docker system dial-stdio` says.
    private static let unreachable = [
        "Cannot connect to the Docker daemon", "error during connect", "failed to open the raw stream connection",
    ]

    /// What docker ends with when its daemon goes away in the middle of a command.
    private static let brokenConnection =
        NetworkWords.broken + ["code = Unavailable", "transport is closing", "closing transport"]

    /// Whether docker's words about a push mean that the registry is down for now, and not that it refuses the image.
    static func isRegistryDown(_ text: String) -> Bool {
        let others = [
            "unexpected HTTP status: 5", "internal server error", "Internal Server Error", "Service Unavailable",
            "Bad Gateway", "Gateway Timeout", "EOF", "no space left on device",
        ]
        return (NetworkWords.all + others).contains(where: text.contains)
    }
}
