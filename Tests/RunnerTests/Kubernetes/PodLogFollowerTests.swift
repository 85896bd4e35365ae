import Foundation
import Synchronization
import Testing

@testable import Runner

/// The watch and the readers of logs, with a kubectl whose watch prints what a test writes to a named pipe.
@Suite(.timeLimit(.minutes(1))) struct PodLogFollowerTests {
    /// A running follower: what the test tells the watch, and what it shows.
    private final class Session: Sendable {
        let standIn: StandIn
        private let task: Task<Void, any Error>
        private let events: AsyncStream<LogEvent>
        private let watch = Mutex<Int32>(-1)

        /// - Parameters:
        ///   - logs: the branches of the stand-in for `kubectl logs`.
        ///   - old: the pods that are there already.
        ///   - list: the script of the stand-in for `kubectl get pods`.
        ///   - silence: how long the reader of a pod that is gone may be silent.
        init(
            logs: String, old: [PodFixture] = [], list: String = #"cat "$here/pods""#,
            silence: Duration = .seconds(3600)
        ) throws {
            let standIn = try StandIn([
                "kubectl": """
                "--context=lab --namespace=blog get pods --output=json") \(list);;
                "--context=lab --namespace=blog get pods --watch --output-watch-events --output=json")
                    exec cat "$here/watch";;
                \(logs)
                """
            ])
            try standIn.write(PodFixture.list(old), to: "pods")
            try #require(mkfifo("\(standIn.folder.path)/watch", 0o600) == 0)
            self.standIn = standIn
            let (events, continuation) = AsyncStream.makeStream(of: LogEvent.self)
            self.events = events
            let follower = PodLogFollower(
                kubectl: Kubectl(context: "lab", namespace: "blog"), launcher: standIn.launcher,
                owner: { $0.workload }, silence: silence, onEvent: { continuation.yield($0) })
            task = Task {
                defer { continuation.finish() }
                try await follower.run(namespace: "blog")
            }
        }

        /// Lets the watch print an event. A pipe that is opened for both ends waits for no reader.
        func tell(_ change: String, _ pod: PodFixture) throws {
            let descriptor = watch.withLock {
                if $0 < 0 { $0 = open("\(standIn.folder.path)/watch", O_RDWR | O_CLOEXEC) }
                return $0
            }
            var bytes = Array(pod.event(change).utf8)
            try #require(write(descriptor, &bytes, bytes.count) == bytes.count)
        }

        /// Ends the watch that is running, once what it printed has been seen.
        func endWatch() {
            watch.withLock {
                close($0)
                $0 = -1
            }
        }

        /// The next events, as `container: text`; notices as they are.
        func next(_ count: Int) async -> [String] {
            var texts: [String] = []
            for await event in events {
                switch event {
                case .line(_, let container, let text):
                    texts.append((container.map { "\($0): " } ?? "") + String(decoding: text, as: UTF8.self))
                case .notice(_, let text): texts.append(text)
                case .problem, .lastLines, .recovered: texts.append("\(event)")
                }
                if texts.count == count { break }
            }
            return texts
        }

        /// Stops following; returns the events that nobody asked for.
        func end(sourceLocation: SourceLocation = #_sourceLocation) async -> [LogEvent] {
            task.cancel()
            await #expect(throws: CancellationError.self, sourceLocation: sourceLocation) { try await task.value }
            if watch.withLock({ $0 }) >= 0 { endWatch() }
            standIn.verify(sourceLocation: sourceLocation)
            var rest: [LogEvent] = []
            for await event in events { rest.append(event) }
            return rest
        }

        /// The options of each `kubectl logs`, in order.
        var reads: [String] {
            standIn.calls.filter { $0.contains("logs") }.map { call in
                call.drop { $0 != "--timestamps" }.dropFirst().joined(separator: " ")
            }
        }

        /// How many watches were begun.
        var watches: Int { standIn.calls.filter { $0.contains("--watch") }.count }

        /// Returns once this many readers were started.
        func reads(_ count: Int) async -> [String] {
            while reads.count < count { await Task.yield() }
            return reads
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
        let session = try Session(
            logs: """
                "--context=lab --namespace=blog logs posts-abc-1 --container=app --timestamps --follow")
                    seq 1 500 | while read n; do echo "\(Self.time)1Z line $n"; done; exec sleep 1000;;
                """)
        try session.tell("ADDED", pod(.waiting("ContainerCreating", "")))
        try session.tell("MODIFIED", pod())
        #expect(await session.next(500) == (1...500).map { "line \($0)" })
        #expect(await session.end() == [])
        #expect(session.reads == ["--follow"])
    }

    @Test func ofAPodThatRanBeforeTheLastLinesAreShown() async throws {
        let session = try Session(
            logs: "*--timestamps*) echo '\(Self.time)1Z last'; exec sleep 1000;;", old: [pod()])
        try session.tell("ADDED", pod())
        #expect(await session.next(1) == ["last"])
        #expect(await session.end() == [])
        #expect(session.reads == ["--follow --tail=10"])
    }

    /// It was on its node when devloop came, and had not written anything.
    @Test func aPodThatHadNotStartedIsReadFromItsFirstLine() async throws {
        let session = try Session(
            logs: "*--timestamps*) echo '\(Self.time)1Z first'; exec sleep 1000;;",
            old: [pod(.waiting("ContainerCreating", ""))])
        try session.tell("ADDED", pod())
        #expect(await session.next(1) == ["first"])
        #expect(await session.end() == [])
        #expect(session.reads == ["--follow"])
    }

    @Test func aReaderThatDiesGoesOnWhereItWas() async throws {
        let session = try Session(
            logs: """
                *"--since-time=\(Self.time)2.5Z") echo '\(Self.time)2.5Z two'; echo '\(Self.time)2.5Z three'
                    exec sleep 1000;;
                *--follow) echo '\(Self.time)1Z one'; echo '\(Self.time)2.5Z two'; echo 'EOF' >&2; exit 1;;
                """)
        try session.tell("ADDED", pod())
        #expect(await session.next(3) == ["one", "two", "three"])
        #expect(await session.end() == [])
        #expect(session.reads == ["--follow", "--follow --since-time=\(Self.time)2.5Z"])
    }

    @Test func aRestartedContainersLastWordsComeBeforeTheNewOnes() async throws {
        let session = try Session(
            logs: """
                *--previous) echo '\(Self.time)1Z up'; echo '\(Self.time)2Z crash'; echo >"$here/again";;
                *--since-time=\(Self.time)1Z) echo '\(Self.time)1Z up';;
                *--follow) test -e "$here/again" && echo '\(Self.time)3Z up again' && exec sleep 1000
                    echo '\(Self.time)1Z up';;
                """)
        try session.tell("ADDED", pod())
        #expect(await session.next(1) == ["up"])
        try session.tell("MODIFIED", pod(.running, restarts: 1))
        #expect(await session.next(2) == ["crash", "up again"])
        #expect(await session.end() == [])
    }

    /// The first thing that the watch tells of it may be its second run.
    @Test func aNewPodThatCrashedAtOnceShowsItsFirstRun() async throws {
        let session = try Session(
            logs: """
                *--previous) echo '\(Self.time)1Z crash';;
                *--follow) echo '\(Self.time)2Z up'; exec sleep 1000;;
                """)
        try session.tell("ADDED", pod(.running, restarts: 1))
        #expect(await session.next(2) == ["crash", "up"])
        #expect(await session.end() == [])
    }

    /// The list of the pods fails at first, as while a server starts: what runs already is old all the same.
    @Test func ofAPodThatRanBeforeTheLastLinesAreShownAlsoWhereTheFirstListFails() async throws {
        let session = try Session(
            logs: "*--timestamps*) echo '\(Self.time)1Z last'; exec sleep 1000;;", old: [pod()],
            list: """
                if [ -e "$here/asked" ]; then cat "$here/pods"; else : >"$here/asked"
                    echo 'Error from server: etcdserver: request timed out' >&2; exit 1; fi
                """)
        try session.tell("ADDED", pod())
        #expect(
            await session.next(2) == [
                "the pods cannot be followed: Error from server: etcdserver: request timed out; trying again", "last",
            ])
        #expect(await session.end() == [])
        #expect(session.reads == ["--follow --tail=10"])
    }

    /// More screens that are paused than there are threads in Swift's pool, at the end of logs that end in the middle of a
    /// line: everybody else goes on.
    @Test func aSlowScreenHoldsUpNobodyElse() async throws {
        let count = ProcessInfo.processInfo.activeProcessorCount * 2
        let standIn = try StandIn([
            "kubectl": """
            *"get pods --output=json") cat "$here/pods";;
            *"get pods --watch"*) cat "$here/watch"; exec sleep 1000;;
            *" logs "*) printf '\(Self.time)1Z cut';;
            """
        ])
        try standIn.write(PodFixture.list([]), to: "pods")
        let pods = (1...count).map {
            pod(.terminated(code: 0), uid: "uid-\($0)", name: "posts-abc-\($0)", isTerminating: true)
        }
        try standIn.write(pods.map { $0.event("ADDED") }.joined(), to: "watch")
        let shown = Atomic(0)
        let hasTimedOut = Atomic(false)
        let screen = DispatchSemaphore(value: 0)
        let follower = PodLogFollower(
            kubectl: Kubectl(context: "lab", namespace: "blog"), launcher: standIn.launcher, owner: { $0.workload }
        ) { event in
            guard case .line = event else { return }
            shown.add(1, ordering: .relaxed)
            // Ends by itself, so that the test fails and doesn't hang.
            if screen.wait(timeout: .now() + 10) == .timedOut { hasTimedOut.store(true, ordering: .relaxed) }
        }
        let task = Task { try await follower.run(namespace: "blog") }
        while shown.load(ordering: .relaxed) < count { await Task.yield() }
        let isHeldUp = hasTimedOut.load(ordering: .relaxed)
        #expect(!isHeldUp)
        for _ in 1...count { screen.signal() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    /// The way to the server was gone while the pod was replaced.
    @Test func linesMayBeMissingWhereAPodIsGoneBeforeItsLogWasRead() async throws {
        let session = try Session(
            logs: """
                *"--since-time="*) echo 'error: http2: client connection lost' >&2; exit 1;;
                *--follow) echo '\(Self.time)1Z one'; echo 'error: http2: client connection lost' >&2; exit 1;;
                """)
        try session.tell("ADDED", pod())
        #expect(await session.next(1) == ["one"])
        // The next watch begins with a list that lacks it.
        session.endWatch()
        #expect(
            await session.next(1) == [
                "lines of the log of posts-abc-1 may be missing: it was deleted before the rest could be read"
            ])
        #expect(await session.end() == [])
    }

    /// kubectl takes 45 seconds to notice that its connection is dead.
    @Test func theReaderOfAPodThatIsGoneIsNotWaitedFor() async throws {
        let session = try Session(
            logs: "*--follow) echo '\(Self.time)1Z one'; exec sleep 1000;;", silence: .milliseconds(1))
        try session.tell("ADDED", pod())
        #expect(await session.next(1) == ["one"])
        try session.tell("DELETED", pod())
        #expect(
            await session.next(1) == [
                "lines of the log of posts-abc-1 may be missing: it was deleted before the rest could be read"
            ])
        #expect(await session.end() == [])
    }

    /// A node whose files may not be read: after a restart the new run's log begins where the old one's ended.
    @Test(arguments: [(1, ["two"]), (2, [unreadable, "two"])])
    func withoutTheRightToAskTheNodeARestartIsNoLoss(restarts: Int, shown: [String]) async throws {
        let session = try Session(
            logs: """
                *--previous*) echo 'unable to retrieve container logs for containerd://0123456789abcdef0123456789';;
                *"--follow --since-time=\(Self.time)1Z") echo '\(Self.time)2Z two'; exec sleep 1000;;
                *--follow) echo '\(Self.time)2Z two'; exec sleep 1000;;
                *--timestamps|*--since-time=*) echo '\(Self.time)1Z one';;
                *"/proxy/logs/"*) echo 'Error from server (Forbidden): nodes "lab" is forbidden' >&2; exit 1;;
                """)
        try session.tell("ADDED", pod(.terminated(code: 3)))
        #expect(await session.next(1) == ["one"])
        try session.tell("MODIFIED", pod(.running, restarts: restarts))
        #expect(await session.next(shown.count) == shown)
        #expect(await session.end() == [])
    }

    private static let unreadable =
        "lines of the log of posts-abc-1 may be missing: "
        + "the node has begun a new file, and it does not let the old ones be read"

    /// A node deletes the log of a run soon after the next one has died too.
    @Test(arguments: [("1.log", ["two", "three"]), ("2.log", [notice, "two", "three"])])
    func linesMayBeMissingOnlyWhereAWholeRunIsGoneThatWasNotRead(oldest: String, shown: [String]) async throws {
        let session = try Session(
            logs: """
                *--previous) echo 'unable to retrieve container logs for containerd://0123456789abcdef0123456789';;
                *--follow) echo '\(Self.time)2Z two'; echo '\(Self.time)3Z three'; exec sleep 1000;;
                *"--follow --since-time=\(Self.time)1Z") echo '\(Self.time)2Z two'; exec sleep 1000;;
                *--timestamps) echo '\(Self.time)1Z one';;
                *"/proxy/logs/pods/blog_posts-abc-1_uid-1/app/ "*) echo '<a href="\(oldest)">\(oldest)</a>';;
                """)
        try session.tell("ADDED", pod(.terminated(code: 3)))
        #expect(await session.next(1) == ["one"])
        try session.tell("MODIFIED", pod(.running, restarts: 1))
        #expect(await session.next(shown.count) == shown)
        #expect(await session.end() == [])
    }

    private static let notice =
        "lines of the log of posts-abc-1 may be missing: the node has deleted the files between"

    /// The node has begun new files while nobody could read: kubectl reads the newest only.
    @Test func whatIsInFilesThatTheNodeHasFinishedIsReadFromThere() async throws {
        let session = try Session(
            logs: """
                *"--follow --since-time=\(Self.time)1Z") echo '\(Self.time)4Z four'; exec sleep 1000;;
                *--previous*) echo 'previous terminated container not found' >&2; exit 1;;
                *--follow) test -e "$here/again" && echo '\(Self.time)4Z four' && exec sleep 1000
                    echo '\(Self.time)1Z one'; echo EOF >&2; exit 1;;
                *"/app/ "*) echo '<a href="0.log">0.log</a><a href="0.log.20261123-100002">x</a>'
                    echo '<a href="0.log.20261123-100003">x</a>';;
                *"/app/0.log.20261123-100002 "*) echo '\(Self.time)1Z stdout F one'; echo '\(Self.time)2Z stdout F two';;
                *"/app/0.log.20261123-100003 "*) echo >"$here/again"; echo '\(Self.time)3Z stderr P th'
                    echo '\(Self.time)3Z stderr F ree';;
                """)
        try session.tell("ADDED", pod())
        #expect(await session.next(4) == ["one", "two", "three", "four"])
        #expect(await session.end() == [])
    }

    /// A line that was written after the reader's end and before the container's is shown before the restart.
    @Test func theEndOfADeadContainerIsReadAtOnce() async throws {
        let session = try Session(
            logs: """
                *"--follow --since-time="*) exit 0;;
                *--follow) echo '\(Self.time)1Z one';;
                *--since-time=*) echo '\(Self.time)1Z one'; echo '\(Self.time)2Z last words';;
                """)
        try session.tell("ADDED", pod())
        #expect(await session.next(1) == ["one"])
        try session.tell("MODIFIED", pod(.terminated(code: 1)))
        #expect(await session.next(1) == ["last words"])
        #expect(await session.end() == [])
    }

    @Test func aWatchThatEndsIsBegunAgainAndNothingIsShownTwice() async throws {
        let session = try Session(
            logs: """
                *"logs posts-abc-1 "*) echo '\(Self.time)1Z first pod'; exec sleep 1000;;
                *"logs posts-abc-2 "*) echo '\(Self.time)1Z second pod'; exec sleep 1000;;
                """)
        try session.tell("ADDED", pod())
        #expect(await session.next(1) == ["first pod"])
        try session.standIn.write(PodFixture.list([pod()]), to: "pods")
        session.endWatch()
        while session.watches < 2 { await Task.yield() }
        try session.tell("ADDED", pod())
        try session.tell("ADDED", pod(uid: "uid-2", name: "posts-abc-2"))
        #expect(await session.next(1) == ["second pod"])
        #expect(await session.end() == [])
        #expect(session.reads.count == 2)
        #expect(session.watches == 2)
    }

    @Test func aDeletedPodsLogIsNotAskedForAgain() async throws {
        let session = try Session(
            logs: """
                *"logs db-0 "*--follow) echo "\(Self.time)1Z $$"; exec cat "$here/end";;
                *"logs db-1 "*|*"logs db-2 "*) echo '\(Self.time)3Z other'; exec sleep 1000;;
                """)
        try #require(mkfifo("\(session.standIn.folder.path)/end", 0o600) == 0)
        let end = open("\(session.standIn.folder.path)/end", O_RDWR | O_CLOEXEC)
        try session.tell("ADDED", pod(name: "db-0"))
        let reader = try #require(await session.next(1).first.flatMap { pid_t($0) })
        try session.tell("DELETED", pod(name: "db-0"))
        try session.tell("ADDED", pod(uid: "uid-2", name: "db-1"))
        // By now the deletion was seen; then the reader ends, and another is started after it.
        #expect(await session.next(1) == ["other"])
        close(end)
        while kill(reader, 0) == 0 { await Task.yield() }
        try session.tell("ADDED", pod(uid: "uid-3", name: "db-2"))
        #expect(await session.next(1) == ["other"])
        #expect(await session.end() == [])
        #expect(session.reads == ["--follow", "--follow", "--follow"])
    }

    @Test func theLogOfAPodThatEndsIsReadToItsEnd() async throws {
        let session = try Session(
            logs: """
                *--follow) echo '\(Self.time)1Z one';;
                *--since-time=*) echo '\(Self.time)1Z one'; echo '\(Self.time)2Z bye';;
                """)
        try session.tell("ADDED", pod())
        #expect(await session.next(1) == ["one"])
        try session.tell("MODIFIED", pod(.terminated(code: 0), isTerminating: true))
        #expect(await session.next(1) == ["bye"])
        #expect(await session.end() == [])
    }

    @Test func aReaderEndsWhereThePodIsNotFound() async throws {
        let session = try Session(
            logs: """
                *"logs posts-abc-1 "*) echo 'Error from server (NotFound): pods "posts-abc-1" not found' >&2; exit 1;;
                *"logs posts-abc-2 "*) echo '\(Self.time)1Z other'; exec sleep 1000;;
                """)
        try session.tell("ADDED", pod())
        #expect(
            await session.next(1) == [
                "lines of the log of posts-abc-1 may be missing: it was deleted before the rest could be read"
            ])
        try session.tell("ADDED", pod(uid: "uid-2", name: "posts-abc-2"))
        #expect(await session.next(1) == ["other"])
        #expect(await session.end() == [])
        #expect(session.standIn.callLines.filter { $0.contains("logs posts-abc-1") }.count == 1)
    }

    @Test func aLogThatCannotBeReadIsToldOnce() async throws {
        let session = try Session(logs: "*--follow) echo 'failed to create fsnotify watcher' >&2; exit 1;;")
        try session.tell("ADDED", pod())
        #expect(
            await session.next(1) == [
                "the log of posts-abc-1 cannot be read: failed to create fsnotify watcher; trying again"
            ])
        try session.tell("MODIFIED", pod(.running, isTerminating: true))
        #expect(await session.reads(4).count >= 4)
        #expect(await session.end() == [])
    }

    /// Who may not read one log may read none: every pod of every rollout would say so.
    @Test func logsThatAreForbiddenAreToldOnce() async throws {
        let session = try Session(
            logs: """
                *"logs posts-abc-"[12]*) echo 'Error from server (Forbidden): no' >&2; exit 1;;
                *"logs posts-abc-3"*) echo '\(Self.time)1Z other'; exec sleep 1000;;
                """)
        try session.tell("ADDED", pod())
        try session.tell("ADDED", pod(uid: "uid-2", name: "posts-abc-2"))
        #expect(
            await session.next(1) == [
                "the logs in namespace blog cannot be read: Error from server (Forbidden): no; trying again"
            ])
        _ = await session.reads(2)
        try session.tell("ADDED", pod(uid: "uid-3", name: "posts-abc-3"))
        #expect(await session.next(1) == ["other"])
        #expect(await session.end() == [])
    }

    @Test(arguments: [
        (
            #"echo 'connection refused' >&2; exit 1"#, #"echo unexpected"#,
            "the pods cannot be followed: connection refused; trying again"
        ),
        (
            #"echo '{"items":[]}'"#, #"echo 'connection refused' >&2; exit 1"#,
            "the pods cannot be followed: connection refused; trying again"
        ),
        (
            #"echo '{"items":[]}'"#,
            #"cat "$here/watched"; echo 'Error from server (Forbidden): no watch' >&2; exit 1"#,
            "the pods cannot be watched: Error from server (Forbidden): no watch; looking at them every two seconds instead"
        ),
    ])
    func podsThatCannotBeFollowedAreToldOnceAndTriedAgain(list: String, watch: String, notice: String) async throws {
        let standIn = try StandIn([
            "kubectl": """
            *"get pods --output=json") \(list);;
            *"get pods --watch"*) \(watch);;
            """
        ])
        var pending = pod(.waiting("ContainerCreating", ""))
        pending.phase = "Pending"
        try standIn.write(pending.event("ADDED"), to: "watched")
        let (events, continuation) = AsyncStream.makeStream(of: LogEvent.self)
        let follower = PodLogFollower(
            kubectl: Kubectl(context: "lab", namespace: "blog"), launcher: standIn.launcher,
            owner: { $0.workload }, onEvent: { continuation.yield($0) })
        let task = Task { try await follower.run(namespace: "blog") }
        while standIn.calls.count < 6 { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        continuation.finish()
        var told: [LogEvent] = []
        for await event in events { told.append(event) }
        #expect(told == [.notice(workload: nil, text: notice)])
        standIn.verify()
    }

    @Test func whenItEndsNothingIsLeftRunning() async throws {
        let session = try Session(logs: "*--follow) echo '\(Self.time)1Z '$$; exec sleep 1000;;")
        for index in 1...5 { try session.tell("ADDED", pod(uid: "uid-\(index)", name: "posts-abc-\(index)")) }
        let pids = await session.next(5).compactMap { pid_t($0) }
        #expect(pids.count == 5)
        #expect(await session.end() == [])
        for pid in pids { #expect(kill(pid, 0) == -1) }
    }

    @Test func thatKubectlIsMissingIsToldOnceAndItGoesOn() async throws {
        let standIn = try StandIn([:])
        let (events, continuation) = AsyncStream.makeStream(of: LogEvent.self)
        let follower = PodLogFollower(
            kubectl: Kubectl(context: "lab", namespace: "blog"), launcher: standIn.launcher, owner: { $0.workload },
            onEvent: { continuation.yield($0) })
        let task = Task { try await follower.run(namespace: "blog") }
        let text = "the pods cannot be followed: kubectl was not found on PATH; trying again"
        #expect(await events.first { _ in true } == .notice(workload: nil, text: text))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        standIn.verify()
    }
}
