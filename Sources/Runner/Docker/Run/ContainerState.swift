/// What `docker inspect` says of a container.
struct ContainerState {
    let status: String
    let exitCode: Int
    let reason: String
    let isRestarted: Bool
    let isOutOfMemory: Bool

    init(_ json: JSONValue) {
        status = json[path: ["State", "Status"]]?.string ?? ""
        exitCode = json[path: ["State", "ExitCode"]]?.integer ?? 0
        reason = json[path: ["State", "Error"]]?.string ?? ""
        isRestarted = json[path: ["HostConfig", "RestartPolicy", "Name"]]?.string == "unless-stopped"
        isOutOfMemory = json[path: ["State", "OOMKilled"]]?.bool ?? false
    }

    /// `nil` where it is well: running, or done with what it was to do once.
    var problem: String? {
        switch status {
        case "running", "paused": nil
        case "exited" where !isRestarted && exitCode == 0: nil
        case "created": "its container was not started" + (reason.isEmpty ? "" : ": \(reason)")
        case _ where isOutOfMemory && exitCode == 128 + 9:
            "its container exited with code \(exitCode): \(EndCause.memoryWords)"
        default: "its container exited with code \(exitCode)" + (reason.isEmpty ? "" : ": \(reason)")
        }
    }
}
