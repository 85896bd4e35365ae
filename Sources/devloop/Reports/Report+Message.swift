import Runner

/// What the screen shows of a report.
enum Message: Sendable {
    /// What happens; `--quiet` leaves it out.
    case status(String, LineRenderer.Mark)
    /// Something that the user should know and that stops nothing.
    case warning(String)
    /// Something that failed; a cancellation is nobody's failure, and not shown.
    case failure(any Error, prefix: String?)
}

extension Report {
    /// How it is told on a screen.
    var message: Message {
        switch self {
        case .building(let services): .status("building \(services.joined(separator: ", "))", .note)
        case .changed(let service, let files):
            .status("\(service): \(files.first ?? "")\(Self.others(files)) changed, building", .note)
        case .live(let summary): .status(summary.text, .success)
        case .waiting(let summary, let others):
            .status("\(summary.text); it starts together with \(others.joined(separator: ", "))", .note)
        case .failed(let service, let error): .failure(error.advised.about(service), prefix: nil)
        case .held(let service, let base):
            .warning("\(service) waits for \(base), whose image it is built on and whose build failed")
        case .rebuilt(let base, let service):
            .warning(
                "\(base): the name of its image means another one now, or none: something else built or removed it; "
                    + "building it again for \(service)")
        case .givenUp(let service, let base):
            .failure(
                TargetError(
                    "\(service): not built, since the name of the image of \(base) is given to other images again and "
                        + "again",
                    advice: "does another checkout or tool build an image of this name? Give one of them another name"),
                prefix: nil)
        case .restless(let service, let file):
            .warning(
                "\(service): \(file) changes faster than \(service) is built; from now on each build is let finish. If "
                    + "the file needs none, leave it out with \"ignore\" in devloop.json, or in .dockerignore")
        case .passNotice(let service, let text): .warning("\(service): \(text)")
        case .outage(let error): .failure(error.retried, prefix: nil)
        case .notice(let text): .status(text, .note)
        case .notApplied(let error): .failure(error.advised, prefix: nil)
        case .applyFailed(let error): .failure(error, prefix: "the manifests could not be applied")
        case .applyingAgain: .status("applying the manifests again", .note)
        case .ready(let workload): .status("\(workload) ready", .success)
        case .notReady(let error): .failure(error, prefix: nil)
        case .warning(let text): .warning(text)
        case .needsRestart(let keys):
            .warning(
                "devloop.json: \(keys.joined(separator: ", ")) changed; that takes effect when devloop starts again")
        case .leftAside(let what, let error): .failure(error, prefix: "\(what) is left aside")
        }
    }

    private static func others(_ files: [String]) -> String { files.count > 1 ? " and \(files.count - 1) more" : "" }
}

extension TargetError {
    /// With what to do next, where it says nothing of it.
    fileprivate var advised: TargetError {
        var copy = self
        copy.advice = advice ?? "fix it and save: the next save tries again"
        return copy
    }

    /// With the words that it is tried again.
    fileprivate var retried: TargetError {
        var copy = self
        copy.advice = [advice, "devloop goes on trying"].compactMap { $0 }.joined(separator: "; ")
        return copy
    }

    /// With what it is about in front.
    func about(_ subject: String) -> TargetError {
        var copy = self
        copy.summary = "\(subject): \(summary)"
        return copy
    }
}

extension Terminal {
    /// Says it.
    func say(_ report: Report) {
        switch report.message {
        case .status(let text, let mark): status(text, mark: mark)
        case .warning(let text): warning(text)
        case .failure(let error, let prefix): show(error, prefix: prefix)
        }
    }
}
