import Runner

/// One pass of one service: build, deliver, restart, wait until it is ready and runs what was built.
struct Pass: Sendable {
    /// How a pass ended.
    enum Outcome: Sendable {
        /// New containers run the new image, or are known to run it already, or nothing but other images needs it.
        case live(PassSummary)
        /// The image is built and delivered, but nothing can start before other services have images too.
        case waiting(PassSummary, for: [String])
        /// A step failed.
        case failed(TargetError)
        /// It was built on something else than these services' images, whose names mean others now, or none.
        case misbuilt(on: [String])
        /// A newer change, or the end of devloop, came first.
        case stopped
    }

    let request: PassRequest
    let builder: ImageBuilder
    let target: any Target
    let deployment: Deployment
    let control: PassControl
    /// Is handed each line of the build's output.
    let onBuildLine: @Sendable ([UInt8]) -> Void
    /// Is told the image's id when it is built.
    let onBuilt: @Sendable (String) -> Void
    /// Is told what the user should know before the pass has ended.
    let onNotice: @Sendable (String) -> Void

    /// Runs the pass to its end. What fails is in the result.
    func run() async -> Outcome {
        await control.run {
            do {
                return try await steps()
            } catch let error as TargetError {
                return .failed(error)
            } catch let error as MovedBases {
                return .misbuilt(on: error.bases(among: request.bases))
            } catch {
                return .stopped
            }
        }
    }

    private func steps() async throws -> Outcome {
        let service = request.service
        var watch = StageWatch(cause: request.cause)
        try control.enter(.build)
        var build = service.configuration.buildRequest
        build.otherNames = request.otherNames
        build.bases = request.bases.values.flatMap(\.self)
        let image = try await builder.build(build, onLine: onBuildLine)
        onBuilt(image.id)
        watch.finish("build")
        if service.isOnlyBuiltUpon {
            return .live(await summary(watch, image.id == request.lastImage ? "unchanged, checked in" : "built in"))
        }
        if try await deployment.isLive(image, of: service) {
            return .live(await summary(watch, "unchanged, checked in"))
        }

        try control.enter(.deliver)
        let running = try await deployment.running(image, of: service)
        let delivered: DeliveredImage
        if let running {
            delivered = running
        } else {
            delivered = try await target.deliver(image, onNotice: onNotice)
            // Where containers start from the image as it was built, there is no such stage.
            if delivered.reference != image.id { watch.finish(delivered.wasPushed ? "push" : "load") }
        }

        try control.enter(.restart)
        switch try await deployment.rollOut(delivered, of: service, isRunning: running != nil) {
        case .waiting(let services): return .waiting(await summary(watch, "built in"), for: services)
        case .running:
            await deployment.setLive(image, of: service.name)
            let isRun = !service.workloads.isEmpty
            return .live(await summary(watch, isRun ? "runs this image already, checked in" : "delivered in"))
        case .started(let workloads):
            watch.finish("restart")
            try control.enter(.ready)
            try await deployment.awaitReady(workloads)
            try await deployment.verify(delivered, runsIn: workloads)
            watch.finish("ready")
            await deployment.setLive(image, of: service.name)
            return .live(await summary(watch, "live in"))
        }
    }

    private func summary(_ watch: StageWatch, _ outcome: String) async -> PassSummary {
        PassSummary(
            service: request.service.name, outcome: outcome,
            total: ContinuousClock.Instant.now - request.cause.noticed, stages: watch.stages,
            changes: request.cause.changes, reminders: await deployment.reminders(of: request.service.name))
    }
}

/// Measures the stages of a pass.
private struct StageWatch {
    private(set) var stages: [PassSummary.Stage] = []
    private var last = ContinuousClock.Instant.now

    init(cause: WorkPlan.Cause) {
        // At the start there is nothing to detect.
        if let name = cause.files.isEmpty ? cause.bases.first : "detect" {
            stages.append(.init(name: name, duration: last - cause.noticed))
        }
    }

    mutating func finish(_ name: String) {
        let now = ContinuousClock.Instant.now
        stages.append(.init(name: name, duration: now - last))
        last = now
    }
}

extension MovedBases {
    /// The services whose images these are.
    func bases(among bases: [String: [BuiltImage]]) -> [String] {
        bases.filter { $0.value.contains { names.contains($0.reference) } }.keys.sorted()
    }
}

extension Configuration.Service {
    /// What docker is asked to build.
    var buildRequest: BuildRequest {
        BuildRequest(
            reference: image, context: context, dockerfile: dockerfile, stage: stage,
            arguments: buildArgs.map { .init(name: $0.name, value: $0.value) })
    }
}
