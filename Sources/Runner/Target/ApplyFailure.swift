/// An object that could not be applied: what the cluster has of it, if anything, is as it was.
package struct ApplyFailure: Sendable, Hashable {
    /// The object.
    package var object: KubernetesObject.Identity
    /// Whether it may work a moment later with nobody's doing, so that it is worth another try.
    package var passes: Bool
    /// Why, each in a line: `spec.selector: field is immutable`
    package var reasons: [String]
    /// What to do next, where there is something to say.
    package var advice: String?
    /// The file that the object is in, where that is known.
    package var file: String?

    package init(
        _ object: KubernetesObject.Identity, passes: Bool = false, reasons: [String], advice: String? = nil,
        file: String? = nil
    ) {
        self.object = object
        self.passes = passes
        self.reasons = reasons
        self.advice = advice
        self.file = file
    }

    /// `Deployment web (k8s/web.yaml): unknown field spec.template.spec.contaners`
    package var error: TargetError { error(of: subject) }

    /// For a step that goes on without it: `the manifest of Deployment web is not applied: spec.selector: field is …`
    package var reminder: String {
        (["the manifest of \(object) is not applied"] + reasons.prefix(1)).joined(separator: ": ")
    }

    /// One error for all that failed for the same reason, in their order.
    package static func errors(of failures: [ApplyFailure]) -> [TargetError] {
        var seen: Set<[String]> = []
        return failures.filter { seen.insert($0.reasons).inserted }.map { first in
            let subjects = failures.filter { $0.reasons == first.reasons }.map(\.subject)
            let rest = subjects.count > 3 ? " and \(subjects.count - 3) more" : ""
            return first.error(of: subjects.prefix(3).joined(separator: ", ") + rest)
        }
    }

    private var subject: String { "\(object)" + (file.map { " (\($0))" } ?? "") }

    private func error(of subjects: String) -> TargetError {
        TargetError(
            passes ? .unavailable : .failed, "\(subjects): \(reasons.first ?? "could not be applied")",
            details: Array(reasons.dropFirst()), advice: advice)
    }
}
