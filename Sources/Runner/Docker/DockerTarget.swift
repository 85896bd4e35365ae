/// Placeholder until the Docker target is merged.
public struct DockerTarget: Target {
    public init(project: String, namespace: String, launcher: any CommandRunning) {}
    public var summary: String { "Docker" }
    public func prepare() async throws {}
    public func deliver(_ image: BuiltImage) async throws -> DeliveredImage {
        DeliveredImage(built: image, reference: image.id)
    }
    public func apply(_ objects: [KubernetesObject], images: [DeliveredImage]) async throws -> ApplyReport {
        ApplyReport()
    }
    public func delivered(_ image: BuiltImage, runningIn workload: Workload) async throws -> DeliveredImage? { nil }
    public func restart(_ workload: Workload, images: [DeliveredImage]) async throws {}
    public func waitUntilReady(_ workload: Workload) async throws {}
    public func followLogs(
        of workloads: @escaping @Sendable () -> Set<Workload>, onEvent: @escaping @Sendable (LogEvent) -> Void
    ) async throws {}
    public func delete(_ objects: [KubernetesObject]) async throws -> [String] { [] }
}
