/// Jobs run to their end once, in the background, and again when something about them is another way.
extension DockerWorkloads {
    /// Runs a Job unless it has run as planned, or does.
    func settle(job: Workload, _ networks: ProjectNetworks) async throws {
        let networks = try networks.pod(in: job.namespace)
        try await turns.withTurn(job) {
            let plan = try self.applied.manifests.plan(job).plan
            if self.isOnItsWay(to: plan) { return }
            await self.endRollout(of: job)
            let listed = try await self.pods.list(job)
            let current = ListedContainer.current(of: listed)
            let areAsPlanned = current.allSatisfy { $0.specification == plan.fingerprint }
            if areAsPlanned, current.map(\.container).sorted() == plan.containers.map(\.name).sorted() {
                if plan.containers.isEmpty { return }
                if current.contains(where: \.isUp) {
                    // An earlier devloop has begun it.
                    return self.begin(plan) { try await self.finish(plan, current.map(\.id), since: nil) }
                }
                if current.allSatisfy({ $0.state == "exited" }),
                    try await self.exitCodes(of: current.map(\.id)).allSatisfy({ $0 == 0 })
                {
                    return
                }
            }
            let volumes = try await self.volumes(for: plan)
            let made = try await self.pods.make(plan, on: networks, volumes: volumes)
            self.begin(plan) {
                // Of two runs of a Job only one may write.
                self.retirements.insert(listed)
                await self.pods.remove(listed)
                try await self.run(plan, made)
            }
        }
    }

    private func run(_ plan: PodPlan, _ made: [DockerPodRunner.Pod]) async throws {
        let begin = ContinuousClock.now
        do {
            try await pods.runInitContainers(of: made)
            try await pods.start(made)
        } catch let error as TargetError {
            return tell(plan, failed: "failed", cause: error.summary, lines: error.details)
        }
        try await finish(plan, made.flatMap(\.containers), since: begin)
    }

    /// Sees a Job that runs to its end, and starts what fails again as often as it may.
    /// - Parameter begin: when it was started; `nil` where nobody knows.
    private func finish(_ plan: PodPlan, _ ids: [String], since begin: ContinuousClock.Instant?) async throws {
        var backoff = Backoff(first: .seconds(1), limit: .seconds(10))
        for attempt in 0...plan.retries {
            _ = try await pods.launcher.runTool(DockerCommand.wait(ids))
            let codes = try await exitCodes(of: ids)
            guard let failed = zip(ids, codes).first(where: { $0.1 != 0 }) else {
                let time = begin.map { " in \(Self.seconds(.now - $0))" } ?? ""
                return news.tell(
                    .completed(workload: plan.workload, text: "\(plan.workload) completed\(time)"), plan.workload)
            }
            guard attempt < plan.retries else {
                let attempts = attempt == 0 ? "" : " after \(attempt + 1) attempts (backoffLimit \(plan.retries))"
                return tell(
                    plan, failed: "failed\(attempts)", cause: "exit code \(failed.1)",
                    lines: (try? await pods.lastLines(of: failed.0, count: 20)) ?? [])
            }
            try await backoff.wait()
            let again = zip(ids, codes).filter { $0.1 != 0 }.map(\.0)
            let output = try await pods.launcher.runTool(DockerCommand.start(again))
            guard output.termination.isSuccess else {
                return tell(plan, failed: "could not be started again", cause: output.errorText, lines: [])
            }
        }
    }

    private func tell(_ plan: PodPlan, failed summary: String, cause: String, lines: [String]) {
        let problem = WorkloadProblem(
            state: "BackoffLimitExceeded", summary: "\(plan.workload) \(summary)", cause: plan.withoutSecrets(cause),
            lastLines: lines,
            advice: "it runs again when its manifest or its image is another one, and with the next start of devloop")
        news.tell(.problem(workload: plan.workload, problem), plan.workload)
    }

    /// Of a container that is gone: 137, as if it was killed.
    private func exitCodes(of ids: [String]) async throws -> [Int] {
        var codes: [Int] = []
        for id in ids {
            let answer = try await pods.engine.ask(.inspect(id), "a container could not be looked at")
            codes.append(answer.body[path: ["State", "ExitCode"]]?.integer ?? 128 + 9)
        }
        return codes
    }

    /// `2.1 s`
    private static func seconds(_ time: Duration) -> String {
        let (seconds, attoseconds) = time.components
        let tenths = Int(seconds) * 10 + Int(attoseconds / 100_000_000_000_000_000)
        return "\(tenths / 10).\(tenths % 10) s"
    }
}
