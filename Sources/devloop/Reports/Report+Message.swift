import Runner

/// What the screen shows of a report.
enum Message: Sendable {
    /// What happens behind the scenes: `--verbose` shows it.
    case detail(String)
    /// What happens; `--quiet` leaves it out.
    case status(String, LineRenderer.Mark)
    /// Something that the user should know and that stops nothing.
    case warning(String)
    /// Something that was not as it should be is over.
    case success(String)
    /// Something that failed; a cancellation is nobody's failure, and not shown.
    case failure(any Error, prefix: String?)
    /// Something that failed, with prose in the cluster's words, and lines of a log.
    case problem(String, cause: String, heading: String?, lines: [String], advice: String?)
    /// What the command was asked for: printed in any case, with no mark, for other programs.
    case result(String)
}

extension Report {
    /// How it is told on a screen.
    var message: Message {
        switch self {
        case .running(let project, let target): .status("\(project) on \(target)", .note)
        case .logs(let project, let target): .status("logs of \(project) on \(target)", .note)
        case .goesOn(let command): .status("the services go on running; remove them with: \(command)", .note)
        case .cleaningUp: .status("deleting what was started", .note)
        case .deleting(let project): .status("deleting \(project); containers get their grace time to end", .note)
        case .nothingThere(let project): .status("nothing of \(project) is there", .note)
        case .deleted(let line, let isResult): isResult ? .result(line) : .status(line, .note)
        case .dataStays(let command): .status("what was left may hold data; delete it with: \(command)", .note)
        case .stillThere(let line): .warning(line)
        case .result(let text): .result(text)
        case .imageBuilt(let service, let time): .status("\(service) built in \(time.text)", .success)
        case .imageFailed(let service, let error): .failure(error.about(service), prefix: nil)
        case .imageLacksBase(let service, let base):
            .failure(
                TargetError("\(service): not built, since \(base), whose image it is built on, failed"), prefix: nil)
        case .ends(let error): .failure(error, prefix: nil)
        case .notThereYet(let error): .failure(error, prefix: "trying again until it is there")
        case .container(let service, let text): .warning((service.map { "\($0): " } ?? "") + text)
        case .problem(let problem, let service):
            .problem(
                "\(service): \(problem.state): \(problem.summary)", cause: problem.cause,
                heading: Self.heading(of: problem.lastLines), lines: problem.lastLines, advice: problem.advice)
        case .lastLines(let problem, let service):
            .problem(
                "\(service): \(problem.summary); \(Self.heading(of: problem.lastLines) ?? "")", cause: "", heading: nil,
                lines: problem.lastLines, advice: nil)
        case .recovered(let service, let states):
            .success("\(service) is well again (\(states.joined(separator: ", ")))")
        case .completed(let text): .success(text)
        case .logsLost(let error): .failure(error, prefix: "the logs cannot be followed, trying again")
        case .building(let services): .status("building \(services.joined(separator: ", "))", .note)
        case .changed(let service, let files, let reason):
            .status(
                "\(service): \(files.first ?? "")\(Self.others(files)) changed, building"
                    + (reason.map { ": \($0)" } ?? ""), .note)
        case .live(let summary): .status(summary.text, .success)
        case .prepared(let summary): .detail(summary.text)
        case .synced(let service, let files, let actions, let time):
            .status(
                "\(service) synced in \(time.precise) (\(files.first ?? "")\(Self.others(files)))"
                    + actions.map { ", \($0.words.done)" }.joined(), .success)
        case .runFailed(let service, let failure): .failure(failure.error.advised.about(service), prefix: nil)
        case .stillRuns(let service, let words):
            .status("\(service): \(Command(words)) still runs in its container; later saves are synced after it", .note)
        case .syncs(let service, let takeup):
            .status(
                "\(service): saves are synced into its containers"
                    + (takeup.names.isEmpty ? "" : ", which run \(takeup.names)")
                    + takeup.afterwards
                    + "; \"sync\": false in devloop.json builds them instead", .note)
        case .buildsOnly(let service, let command):
            .status(
                "\(service): saves are built, since nothing in \(command) is known to take up changed files; "
                    + "\"onSync\": { \"restart\": true } in devloop.json writes them into its containers and starts it again",
                .note)
        case .notSynced(let service, let error): .warning("\(service): not synced, building instead: \(error)")
        case .imageIsBehind(let service):
            .warning(
                "\(service): its image lacks what was synced last: a container that is started now is older than the "
                    + "files, until devloop runs again")
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
        case .secretsChanged(let service):
            .status("\(service): a secret is another one than at its last build, building without the cache", .note)
        case .passNotice(let service, let text): .warning("\(service): \(text)")
        case .reachable(let name, let url): .status("\(name): \(url)", .note)
        case .portTaken(let port, let name, let holder):
            .failure(
                TargetError(
                    "\(name): port \(port) of this machine is taken by \(holder)",
                    advice: "end that, or give \(name) another port in devloop.json; devloop takes it when it is free"),
                prefix: nil)
        case .portDenied(let port, let name, let reason):
            .failure(
                TargetError(
                    "\(name): port \(port) of this machine can't be listened on: \(reason)",
                    advice: port < 1024 ? "take one above 1023 in devloop.json: \"\(port + 8000):\(port)\"" : nil),
                prefix: nil)
        case .portUnanswered(let port, let name, let isRefused, let said):
            .warning(
                "\(name): "
                    + (isRefused
                        ? "what is ready behind port \(port) took no connection for 30 s: is the port in it another one? A "
                            + "connection was closed"
                        : "nothing was ready behind port \(port) for 30 s, so a connection to it was closed")
                    + (said.map { " (\($0))" } ?? ""))
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

    private static func heading(of lines: [String]) -> String? {
        switch lines.count {
        case 0: nil
        case 1: "its last line:"
        default: "its last \(lines.count) lines:"
        }
    }

    private static func others(_ files: [String]) -> String { files.count > 1 ? " and \(files.count - 1) more" : "" }
}

extension ContainerAction {
    /// What is done, and what was done.
    var words: (future: String, done: String) {
        switch self {
        case .restart: ("started again", "started again")
        case .run(let words): ("\(Command(words).description) is run", "ran \(Command(words).description)")
        case .signal(let name): ("sent SIG\(name)", "sent SIG\(name)")
        }
    }
}

extension Takeup {
    /// What is done after files arrived, and for which: `; after that: started again for *.js`.
    fileprivate var afterwards: String {
        let parts = after.compactMap { after in
            after.action.map { action in
                action.words.future + (after.files.isEmpty ? "" : " for \(after.files.joined(separator: ", "))")
            }
        }
        return parts.isEmpty ? "" : "; after that: \(parts.joined(separator: "; "))"
    }
}

extension Command {
    /// As a shell would be told it.
    fileprivate init(_ words: [String]) { self.init(words.first ?? "", Array(words.dropFirst())) }
}

extension FailedRun {
    fileprivate var error: TargetError {
        let what =
            switch exitCode {
            case _ where isEnded:
                "was ended in its container, since it took more than \(Self.limit.components.seconds) s"
            case 127: "is not in its container"
            default: "failed in its container (exit code \(exitCode))"
            }
        return TargetError("\(Command(words)) \(what)", details: output)
    }
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
