/// The numbers of a probe, in seconds and times; those that are left out have Kubernetes' defaults
/// (https://kubernetes.io/docs/concepts/workloads/pods/probes/).
package struct ProbeTiming: Sendable, Hashable {
    package var initialDelay: Int
    package var period: Int
    package var timeout: Int
    /// How often in a row it may fail.
    package var failureThreshold: Int

    package init(_ probe: JSONValue) {
        initialDelay = probe["initialDelaySeconds"]?.integer ?? 0
        period = probe["periodSeconds"]?.integer ?? 10
        timeout = probe["timeoutSeconds"]?.integer ?? 1
        failureThreshold = probe["failureThreshold"]?.integer ?? 3
    }
}
