extension PodProblem {
    /// A container that ended and should not have.
    static func death(
        _ death: KubernetesPod.Container.Death, of container: KubernetesPod.Container, in pod: KubernetesPod,
        _ events: [ClusterEvent]
    ) -> PodProblem {
        let name = container.name
        if ["StartError", "ContainerCannotRun"].contains(death.reason) {
            return start(death.message, container: name, state: "RunContainerError")
        }
        let isWaiting = container.waiting?.reason == "CrashLoopBackOff"
        // Kubelet soon says no more of a pod of which it has said much: a kill like the one before has the same cause.
        let killer = events.last {
            $0.container == name && [.liveness, .startup].contains($0.probe)
                && ($0.run == death.run || [9, 15].contains(death.endingSignal))
        }
        var problem = PodProblem(
            identity: "death \(pod.name) \(name) \(death.run)",
            state: isWaiting ? "CrashLoopBackOff" : death.reason.isEmpty ? "Error" : death.reason,
            summary: "container \(name) died: \(words(for: death))", cause: cause(death, container, pod),
            advice: advice(for: death, of: container), inquiry: .lastLines(container: name, run: death.run))
        if death.reason == "OOMKilled" {
            problem.state = "OOMKilled"
            problem.summary =
                container.memoryLimit.map { "container \(name) used more memory than its limit of \($0)" }
                ?? "container \(name) was killed: the node ran out of memory"
            problem.advice = "use less memory, or raise resources.limits.memory in the manifest"
        } else if let killer, let probe = killer.probe {
            problem.state = killer.reason
            problem.summary = "container \(name) was killed: its \(probe.rawValue.lowercased()) probe failed"
            problem.cause = killer.probeAnswer(to: container.probes[probe]?.question) + "; " + problem.cause
            problem.advice =
                "answer the probe in time, or give it more: timeoutSeconds, failureThreshold, a startupProbe"
        } else if container.isInit {
            problem.state = isWaiting ? "Init:CrashLoopBackOff" : "Init:\(problem.state)"
            problem.summary = "init container \(name) failed: \(words(for: death))"
            problem.advice += "; the containers after it wait for it"
        } else if death.exitCode == 0 {
            problem.summary = "container \(name) ended by itself, with exit code 0"
            problem.advice = "its program has to stay in the foreground; for one that ends, use a Job"
        }
        return problem
    }

    private static func cause(
        _ death: KubernetesPod.Container.Death, _ container: KubernetesPod.Container, _ pod: KubernetesPod
    ) -> String {
        var words = [death.reason, "exit code \(death.exitCode)"].filter { !$0.isEmpty }.joined(separator: ", ")
        if container.restarts > 0 {
            words += ", restarted \(container.restarts) time\(container.restarts > 1 ? "s" : "")"
        }
        if container.restarts > 0, container.keepsRunning || container.isInit {
            words += "; kubelet waits longer before each restart (CrashLoopBackOff)"
        }
        if !death.message.isEmpty { words += ": \(death.message)" }
        return "pod \(pod.name): \(words)"
    }

    /// `exit code 3`; `signal 11 (SIGSEGV), exit code 139`.
    private static func words(for death: KubernetesPod.Container.Death) -> String {
        let code = "exit code \(death.exitCode)"
        guard let signal = death.endingSignal else { return code }
        return "signal \(signal)" + (signalNames[signal].map { " (\($0))" } ?? "") + ", \(code)"
    }

    private static func advice(
        for death: KubernetesPod.Container.Death, of container: KubernetesPod.Container
    ) -> String {
        switch (death.endingSignal, death.exitCode) {
        case (9, _):
            // A runtime that is busy may not have heard of it from the kernel when it says how the container ended.
            "something killed it: too little memory\(container.memoryLimit.map { " (its limit is \($0))" } ?? "")"
                + ", a debugger, or a grace period that ran out"
        case (4, _), (6, _), (7, _), (8, _), (11, _): "the program itself crashed: its last lines may say where"
        case (_, 126): "126 is the shell's: the command is there and cannot be executed"
        case (_, 127): "127 is the shell's: a command was not found in the image"
        default: "its last lines should say why; save a fix and devloop starts it anew"
        }
    }

    /// The numbers that Linux, which containers run on, gives them.
    private static let signalNames = [
        1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
        9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
    ]
}

extension KubernetesPod.Container.Death {
    /// The signal that ended it: runtimes and shells add it to 128.
    var endingSignal: Int? { signal ?? ((129...159).contains(exitCode) ? exitCode - 128 : nil) }
}
