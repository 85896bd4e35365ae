/// Something that keeps a workload from running, in the words that the user needs.
package struct WorkloadProblem: Sendable, Hashable {
    /// What state it is in, as the cluster names it: `ErrImagePull`, `OOMKilled`, `Unschedulable`, …
    package var state: String
    /// What that means here, in a line: `localhost:5000 has no image blog/posts`.
    package var summary: String
    /// The cluster's own words, prose of any length.
    package var cause: String
    /// The last lines of the container that died.
    package var lastLines: [String]
    /// What to do about it.
    package var advice: String

    package init(state: String, summary: String, cause: String, lastLines: [String] = [], advice: String) {
        self.state = state
        self.summary = summary
        self.cause = cause
        self.lastLines = lastLines
        self.advice = advice
    }
}
