/// Something that keeps a workload from running, in the words that the user needs.
public struct WorkloadProblem: Sendable, Hashable {
    /// What state it is in, as the cluster names it: `ErrImagePull`, `OOMKilled`, `Unschedulable`, …
    public var state: String
    /// What that means here, in a line: `localhost:5000 has no image blog/posts`.
    public var summary: String
    /// The cluster's own words, prose of any length.
    public var cause: String
    /// The last lines of the container that died.
    public var lastLines: [String]
    /// What to do about it.
    public var advice: String

    /// A problem.
    public init(state: String, summary: String, cause: String, lastLines: [String] = [], advice: String) {
        self.state = state
        self.summary = summary
        self.cause = cause
        self.lastLines = lastLines
        self.advice = advice
    }
}
