import Foundation
import Synchronization
import Testing

@testable import Runner

/// The watch and the readers of logs, on a cluster whose watch says what a test tells it.
@Suite(.timeLimit(.minutes(1))) struct PodLogFollowerTests {
    /// A running follower: what the test tells the watch, and what it shows.
    private final class Session: Sendable {
        let cluster: FakeCluster
        private let standIn: StandIn
        private let watch = FakeCluster.Feed()
        private let task: Task<Void, any Error>
        private let events: AsyncStream<LogEvent>

        /// - Parameters:
        ///   - logs: what the cluster answers to questions for logs, and for files of the node.
        ///   - old: the pods that are there already.
        ///   - list: what it answers to the question for them; the last answer goes on being that they are there.
        ///   - silence: how long the reader of a pod that is gone may be silent.
        init(
            logs: KeyValuePairs<String, FakeCluster.Answer>, old: [PodFixture] = [], list: FakeCluster.Answer? = nil,
            silence: Duration = .seconds(3600)
        ) throws {
            let cluster = FakeCluster(logs)
            cluster.answer("GET /api/v1/namespaces/blog/pods?watch=true*", .feed(watch))
            cluster.answer("GET /api/v1/namespaces/blog/pods", list ?? .says(PodFixture.list(old)))
            self.cluster = cluster
            standIn = try StandIn([:])
            let (events, continuation) = AsyncStream.makeStream(of: LogEvent.self)
            self.events = events
            let follower = PodLogFollower(
                cluster: cluster, launcher: standIn.launcher, owner: { $0.workload }, silence: silence,
                onEvent: { continuation.yield($0) })
            task = Task {
                defer { continuation.finish() }
                try await follower.run(namespace: "blog")
            }
        }

        /// Lets the watch tell an event.
        func tell(_ change: String, _ pod: PodFixture) async { await watch.tell(pod.event(change)) }

        /// The server ends the watch that is running.
        func endWatch() async { await watch.endWatch() }

        /// The same, and says that it can't go on from there.
        func expire() async {
            await watch.tell(#"{"type": "ERROR", "object": {"kind": "Status", "reason": "Expired"}}"# + "\n")
            await watch.endWatch()
        }

        /// The next events, as `container: text`; notices as they are.
        func next(_ count: Int) async -> [String] {
            var texts: [String] = []
            for await event in events {
                switch event {
                case .line(_, let container, let text):
                    texts.append((container.map { "\($0): " } ?? "") + String(decoding: text, as: UTF8.self))
                case .notice(_, let text): texts.append(text)
                case .problem, .lastLines, .recovered, .completed: texts.append("\(event)")
                case .running: break
                }
                if texts.count == count { break }
            }
            return texts
        }

        /// Stops following; returns the events that nobody asked for.
        func end(sourceLocation: SourceLocation = #_sourceLocation) async -> [LogEvent] {
            task.cancel()
            await #expect(throws: CancellationError.self, sourceLocation: sourceLocation) { try await task.value }
            standIn.verify(sourceLocation: sourceLocation)
            var rest: [LogEvent] = []
            for await event in events {
                if case .running = event { continue }
                rest.append(event)
            }
            return rest
        }

        /// What each question for a log asks for, in order.
        var reads: [String] {
            cluster.asked.compactMap { question in
                question.range(of: "/log?container=app&timestamps=true").map {
                    String(question[$0.upperBound...].drop { $0 == "&" })
                }
            }
        }
    }

    private static let time = "2026-11-23T10:00:0"

    private func pod(
        _ state: PodFixture.Container.State = .running, restarts: Int = 0, uid: String = "uid-1",
        name: String = "posts-abc-1", isTerminating: Bool = false
    ) -> PodFixture {
        PodFixture(
            name: name, namespace: "blog", uid: uid, isTerminating: isTerminating,
            containers: [.init(restarts: restarts, state: state)])
    }

    @Test func aNewPodIsReadFromItsFirstLine() async throws {
        let lines = (1...500).map { "\(Self.time)1Z line \($0)\n" }.joined()
        let session = try Session(logs: [
            "GET /api/v1/namespaces/blog/pods/posts-abc-1/log?container=app&timestamps=true&follow=true":
                FakeCluster.Answer(parts: [String(lines.prefix(5000)), String(lines.dropFirst(5000))], ending: .hangs)
        ])
        await session.tell("ADDED", pod(.waiting("ContainerCreating", "")))
        await session.tell("MODIFIED", pod())
        #expect(await session.next(500) == (1...500).map { "line \($0)" })
        #expect(await session.end() == [])
        #expect(session.reads == ["follow=true"])
    }

    @Test func ofAPodThatRanBeforeTheLastLinesAreShown() async throws {
        let session = try Session(logs: ["*/log?*": .says("\(Self.time)1Z last", then: .hangs)], old: [pod()])
        #expect(await session.next(1) == ["last"])
        #expect(await session.end() == [])
        #expect(session.reads == ["follow=true&tailLines=10"])
    }

    /// It was on its node when devloop came, and had not written anything.
    @Test func aPodThatHadNotStartedIsReadFromItsFirstLine() async throws {
        let session = try Session(
            logs: ["*/log?*": .says("\(Self.time)1Z first", then: .hangs)],
            old: [pod(.waiting("ContainerCreating", ""))])
        await session.tell("MODIFIED", pod())
        #expect(await session.next(1) == ["first"])
        #expect(await session.end() == [])
        #expect(session.reads == ["follow=true"])
    }

    @Test func aReaderThatDiesGoesOnWhereItWas() async throws {
        let session = try Session(logs: [
            "*sinceTime=\(Self.time)2.5Z": .says("\(Self.time)2.5Z two", "\(Self.time)2.5Z three", then: .hangs),
            "*follow=true": .says("\(Self.time)1Z one", "\(Self.time)2.5Z two", then: Self.cut),
        ])
        await session.tell("ADDED", pod())
        #expect(await session.next(3) == ["one", "two", "three"])
        #expect(await session.end() == [])
        #expect(session.reads == ["follow=true", "follow=true&sinceTime=\(Self.time)2.5Z"])
    }

    private static let cut = FakeCluster.Answer.Ending.fails(ReadFailure("error: unexpected EOF"))

    @Test func aRestartedContainersLastWordsComeBeforeTheNewOnes() async throws {
        let session = try Session(logs: [
            "*previous=true*": .says("\(Self.time)1Z up", "\(Self.time)2Z crash"),
            "*follow=true&sinceTime=\(Self.time)2Z": .says("\(Self.time)3Z up again", then: .hangs),
            "*sinceTime=\(Self.time)1Z": .says("\(Self.time)1Z up"),
            "*follow=true": .inTurn(
                .says("\(Self.time)1Z up"), .says("\(Self.time)3Z up again", then: .hangs)),
        ])
        await session.tell("ADDED", pod())
        #expect(await session.next(1) == ["up"])
        await session.tell("MODIFIED", pod(.running, restarts: 1))
        #expect(await session.next(2) == ["crash", "up again"])
        #expect(await session.end() == [])
    }

    /// The first thing that the watch tells of it may be its second run.
    @Test func aNewPodThatCrashedAtOnceShowsItsFirstRun() async throws {
        let session = try Session(logs: [
            "*previous=true": .says("\(Self.time)1Z crash"),
            "*follow=true": .says("\(Self.time)2Z up", then: .hangs),
        ])
        await session.tell("ADDED", pod(.running, restarts: 1))
        #expect(await session.next(2) == ["crash", "up"])
        #expect(await session.end() == [])
    }

    /// The list of the pods fails at first, as while a server starts: what runs already is old all the same.
    @Test func ofAPodThatRanBeforeTheLastLinesAreShownAlsoWhereTheFirstListFails() async throws {
        let session = try Session(
            logs: ["*/log?*": .says("\(Self.time)1Z last", then: .hangs)],
            list: .inTurn(
                .fails("Error from server: etcdserver: request timed out"), .says(PodFixture.list([pod()]))))
        #expect(
            await session.next(2) == [
                "the pods cannot be followed: Error from server: etcdserver: request timed out; trying again", "last",
            ])
        #expect(await session.end() == [])
        #expect(session.reads == ["follow=true&tailLines=10"])
    }

    /// More screens that are paused than there are threads in Swift's pool, at the end of logs that end in the middle of a
    /// line: everybody else goes on.
    @Test func aSlowScreenHoldsUpNobodyElse() async throws {
        let count = ProcessInfo.processInfo.activeProcessorCount * 2
        let standIn = try StandIn([:])
        let pods = (1...count).map {
            pod(.terminated(code: 0), uid: "uid-\($0)", name: "posts-abc-\($0)", isTerminating: true)
        }
        let watch = FakeCluster.Feed()
        for pod in pods { await watch.tell(pod.event("ADDED")) }
        let cluster = FakeCluster([
            "GET /api/v1/namespaces/blog/pods": .says(PodFixture.list([])), "*watch=true*": .feed(watch),
            "*/log?*": FakeCluster.Answer(parts: ["\(Self.time)1Z cut"]),
        ])
        let (shown, lines) = AsyncStream.makeStream(of: Void.self)
        let hasTimedOut = Atomic(false)
        let screen = DispatchSemaphore(value: 0)
        let follower = PodLogFollower(
            cluster: cluster, launcher: standIn.launcher, owner: { $0.workload }
        ) { event in
            guard case .line = event else { return }
            lines.yield()
            // Ends by itself, so that the test fails and doesn't hang.
            if screen.wait(timeout: .now() + 10) == .timedOut { hasTimedOut.store(true, ordering: .relaxed) }
        }
        let task = Task { try await follower.run(namespace: "blog") }
        for await _ in shown.prefix(count) {}
        let isHeldUp = hasTimedOut.load(ordering: .relaxed)
        #expect(!isHeldUp)
        for _ in 1...count { screen.signal() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    /// The way to the server was gone while the pod was replaced.
    @Test func linesMayBeMissingWhereAPodIsGoneBeforeItsLogWasRead() async throws {
        let session = try Session(logs: [
            "*sinceTime=*": .fails("error: http2: client connection lost"),
            "*follow=true": .says(
                "\(Self.time)1Z one", then: .fails(ReadFailure("error: http2: client connection lost"))),
        ])
        await session.tell("ADDED", pod())
        #expect(await session.next(1) == ["one"])
        await session.tell("DELETED", pod())
        #expect(
            await session.next(1) == [
                "lines of the log of posts-abc-1 may be missing: it was deleted before the rest could be read"
            ])
        #expect(await session.end() == [])
    }

    /// The connection may be dead, which is noticed only after some seconds.
    @Test func theReaderOfAPodThatIsGoneIsNotWaitedFor() async throws {
        let session = try Session(
            logs: ["*follow=true": .says("\(Self.time)1Z one", then: .hangs)], silence: .milliseconds(1))
        await session.tell("ADDED", pod())
        #expect(await session.next(1) == ["one"])
        await session.tell("DELETED", pod())
        #expect(
            await session.next(1) == [
                "lines of the log of posts-abc-1 may be missing: it was deleted before the rest could be read"
            ])
        #expect(await session.end() == [])
    }

    /// A node whose files may not be read: after a restart the new run's log begins where the old one's ended.
    @Test(arguments: [(1, ["two"]), (2, [unreadable, "two"])])
    func withoutTheRightToAskTheNodeARestartIsNoLoss(restarts: Int, shown: [String]) async throws {
        let session = try Session(logs: [
            "*previous=true*": .says(Self.gone),
            "*follow=true&sinceTime=\(Self.time)1Z": .says("\(Self.time)2Z two", then: .hangs),
            "*follow=true": .says("\(Self.time)2Z two", then: .hangs),
            "*timestamps=true": .says("\(Self.time)1Z one"), "*&sinceTime=*": .says("\(Self.time)1Z one"),
            "*/proxy/logs/*": .fails("Error from server (Forbidden): nodes \"lab\" is forbidden"),
        ])
        await session.tell("ADDED", pod(.terminated(code: 3)))
        #expect(await session.next(1) == ["one"])
        await session.tell("MODIFIED", pod(.running, restarts: restarts))
        #expect(await session.next(shown.count) == shown)
        #expect(await session.end() == [])
    }

    /// What a kubelet says in the place of a log that it has deleted.
    private static let gone = "unable to retrieve container logs for containerd://0123456789abcdef0123456789"

    private static let unreadable =
        "lines of the log of posts-abc-1 may be missing: "
        + "the node has begun a new file, and it does not let the old ones be read"

    /// A node deletes the log of a run soon after the next one has died too.
    @Test(arguments: [("1.log", ["two", "three"]), ("2.log", [notice, "two", "three"])])
    func linesMayBeMissingOnlyWhereAWholeRunIsGoneThatWasNotRead(oldest: String, shown: [String]) async throws {
        let session = try Session(logs: [
            "*previous=true": .says(Self.gone), "*previous=true&sinceTime*": .says(Self.gone),
            "*follow=true": .says("\(Self.time)2Z two", "\(Self.time)3Z three", then: .hangs),
            "*follow=true&sinceTime=\(Self.time)1Z": .says("\(Self.time)2Z two", then: .hangs),
            "*timestamps=true": .says("\(Self.time)1Z one"),
            "*/proxy/logs/pods/blog_posts-abc-1_uid-1/app/": .says("<a href=\"\(oldest)\">\(oldest)</a>"),
        ])
        await session.tell("ADDED", pod(.terminated(code: 3)))
        #expect(await session.next(1) == ["one"])
        await session.tell("MODIFIED", pod(.running, restarts: 1))
        #expect(await session.next(shown.count) == shown)
        #expect(await session.end() == [])
    }

    private static let notice =
        "lines of the log of posts-abc-1 may be missing: the node has deleted the files between"

    /// The node has begun new files while nobody could read: kubectl reads the newest only.
    @Test func whatIsInFilesThatTheNodeHasFinishedIsReadFromThere() async throws {
        let session = try Session(logs: [
            "*follow=true&sinceTime=\(Self.time)1Z": .says("\(Self.time)4Z four", then: .hangs),
            "*previous=true*": .fails("Error from server (BadRequest): previous terminated container not found"),
            "*follow=true": .inTurn(
                .says("\(Self.time)1Z one", then: Self.cut), .says("\(Self.time)4Z four", then: .hangs)),
            "*follow=true&sinceTime=\(Self.time)3Z": .says("\(Self.time)4Z four", then: .hangs),
            "*/app/": .says(
                "<a href=\"0.log\">0.log</a><a href=\"0.log.20261123-100002\">x</a>",
                "<a href=\"0.log.20261123-100003\">x</a>"),
            "*/app/0.log.20261123-100002": .says("\(Self.time)1Z stdout F one", "\(Self.time)2Z stdout F two"),
            "*/app/0.log.20261123-100003": .says("\(Self.time)3Z stderr P th", "\(Self.time)3Z stderr F ree"),
        ])
        await session.tell("ADDED", pod())
        #expect(await session.next(4) == ["one", "two", "three", "four"])
        #expect(await session.end() == [])
    }

    /// A line that was written after the reader's end and before the container's is shown before the restart.
    @Test func theEndOfADeadContainerIsReadAtOnce() async throws {
        let session = try Session(logs: [
            "*follow=true&sinceTime=*": .says(), "*follow=true": .says("\(Self.time)1Z one"),
            "*sinceTime=*": .says("\(Self.time)1Z one", "\(Self.time)2Z last words"),
        ])
        await session.tell("ADDED", pod())
        #expect(await session.next(1) == ["one"])
        await session.tell("MODIFIED", pod(.terminated(code: 1)))
        #expect(await session.next(1) == ["last words"])
        #expect(await session.end() == [])
    }

    private static let twoPods: KeyValuePairs<String, FakeCluster.Answer> = [
        "*/posts-abc-1/log?*": .says("\(time)1Z first pod", then: .hangs),
        "*/posts-abc-2/log?*": .says("\(time)1Z second pod", then: .hangs),
    ]

    /// The server ends each watch after some minutes.
    @Test func aWatchThatEndsGoesOnWhereItWas() async throws {
        let session = try Session(logs: Self.twoPods)
        var first = pod()
        first.version = "7"
        await session.tell("ADDED", first)
        #expect(await session.next(1) == ["first pod"])
        await session.endWatch()
        await session.cluster.asked(2, "*watch=true*")
        await session.tell("ADDED", pod(uid: "uid-2", name: "posts-abc-2"))
        #expect(await session.next(1) == ["second pod"])
        #expect(await session.end() == [])
        #expect(session.reads.count == 2)
        let ends = session.cluster.asked.filter { !$0.contains("/log?") }.map { $0.split(separator: "=").last ?? "" }
        #expect(ends == ["GET /api/v1/namespaces/blog/pods", "1", "7"])
    }

    /// It was away for longer than it remembers what has changed.
    @Test func aWatchThatCannotGoOnBeginsWithTheListAndNothingIsShownTwice() async throws {
        let session = try Session(
            logs: Self.twoPods,
            list: .inTurn(
                .says(PodFixture.list([])), .says(PodFixture.list([pod()])),
                .says(PodFixture.list([pod(uid: "uid-2", name: "posts-abc-2")]))))
        await session.tell("ADDED", pod())
        #expect(await session.next(1) == ["first pod"])
        await session.expire()
        await session.cluster.asked(2, "*watch=true*")
        await session.expire()
        #expect(await session.next(1) == ["second pod"])
        #expect(await session.end() == [])
        #expect(session.reads.count == 2)
    }

    @Test func aDeletedPodsLogIsNotAskedForAgain() async throws {
        let gate = FakeCluster.Gate()
        let session = try Session(logs: [
            "*/db-0/log?*follow=true": .says("\(Self.time)1Z one", at: gate),
            "*/db-1/log?*": .says("\(Self.time)3Z other", then: .hangs),
            "*/db-2/log?*": .says("\(Self.time)3Z other", then: .hangs),
        ])
        await session.tell("ADDED", pod(name: "db-0"))
        await session.cluster.asked(1, "*/db-0/log?*")
        await session.tell("DELETED", pod(name: "db-0"))
        await session.tell("ADDED", pod(uid: "uid-2", name: "db-1"))
        // By now the deletion was seen; then the reader ends, and another is started after it.
        #expect(await session.next(1) == ["other"])
        gate.open()
        #expect(await session.next(1) == ["one"])
        await session.tell("ADDED", pod(uid: "uid-3", name: "db-2"))
        #expect(await session.next(1) == ["other"])
        #expect(await session.end() == [])
        #expect(session.reads == ["follow=true", "follow=true", "follow=true"])
    }

    @Test func theLogOfAPodThatEndsIsReadToItsEnd() async throws {
        let session = try Session(logs: [
            "*follow=true": .says("\(Self.time)1Z one"),
            "*sinceTime=*": .says("\(Self.time)1Z one", "\(Self.time)2Z bye"),
        ])
        await session.tell("ADDED", pod())
        #expect(await session.next(1) == ["one"])
        await session.tell("MODIFIED", pod(.terminated(code: 0), isTerminating: true))
        #expect(await session.next(1) == ["bye"])
        #expect(await session.end() == [])
    }

    @Test func aReaderEndsWhereThePodIsNotFound() async throws {
        let session = try Session(logs: [
            "*/posts-abc-1/log?*": .fails("Error from server (NotFound): pods \"posts-abc-1\" not found"),
            "*/posts-abc-2/log?*": .says("\(Self.time)1Z other", then: .hangs),
        ])
        await session.tell("ADDED", pod())
        #expect(
            await session.next(1) == [
                "lines of the log of posts-abc-1 may be missing: it was deleted before the rest could be read"
            ])
        await session.tell("ADDED", pod(uid: "uid-2", name: "posts-abc-2"))
        #expect(await session.next(1) == ["other"])
        #expect(await session.end() == [])
        #expect(session.cluster.asked.filter { $0.contains("/posts-abc-1/log?") }.count == 1)
    }

    @Test func aLogThatCannotBeReadIsToldOnce() async throws {
        let session = try Session(logs: ["*follow=true": .fails("failed to create fsnotify watcher")])
        await session.tell("ADDED", pod())
        #expect(
            await session.next(1) == [
                "the log of posts-abc-1 cannot be read: failed to create fsnotify watcher; trying again"
            ])
        await session.tell("MODIFIED", pod(.running, isTerminating: true))
        await session.cluster.asked(4, "*/log?*")
        #expect(await session.end() == [])
    }

    /// Who may not read one log may read none: every pod of every rollout would say so.
    @Test func logsThatAreForbiddenAreToldOnce() async throws {
        let session = try Session(logs: [
            "*/posts-abc-3/log?*": .says("\(Self.time)1Z other", then: .hangs),
            "*/log?*": .fails("Error from server (Forbidden): no"),
        ])
        await session.tell("ADDED", pod())
        await session.tell("ADDED", pod(uid: "uid-2", name: "posts-abc-2"))
        #expect(
            await session.next(1) == [
                "the logs in namespace blog cannot be read: Error from server (Forbidden): no; trying again"
            ])
        await session.cluster.asked(2, "*/log?*")
        await session.tell("ADDED", pod(uid: "uid-3", name: "posts-abc-3"))
        #expect(await session.next(1) == ["other"])
        #expect(await session.end() == [])
    }

    private static let refused =
        "The connection to the server lab:6443 was refused - did you specify the right host or port?"

    @Test(arguments: [
        (
            FakeCluster.Answer.fails(refused), FakeCluster.Answer.says("unexpected"),
            "the pods cannot be followed: \(refused); trying again"
        ),
        (
            .says(PodFixture.list([])), .fails(refused), "the pods cannot be followed: \(refused); trying again"
        ),
        (
            .says(PodFixture.list([])), .fails("Error from server (Forbidden): no watch"),
            "the pods cannot be watched: Error from server (Forbidden): no watch; looking at them every two seconds instead"
        ),
    ])
    func podsThatCannotBeFollowedAreToldOnceAndTriedAgain(
        list: FakeCluster.Answer, watch: FakeCluster.Answer, notice: String
    ) async throws {
        let standIn = try StandIn([:])
        let cluster = FakeCluster(["*/pods": list, "*watch=true*": watch])
        let (events, continuation) = AsyncStream.makeStream(of: LogEvent.self)
        let follower = PodLogFollower(
            cluster: cluster, launcher: standIn.launcher, owner: { $0.workload }, onEvent: { continuation.yield($0) })
        let task = Task { try await follower.run(namespace: "blog") }
        await cluster.asked(6)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        continuation.finish()
        var told: [LogEvent] = []
        for await event in events { told.append(event) }
        #expect(told == [.notice(workload: nil, text: notice)])
    }
}
