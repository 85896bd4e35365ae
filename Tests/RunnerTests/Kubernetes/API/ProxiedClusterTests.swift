import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Runner

/// Reading through a proxy, with a kubectl whose socket is that of a server of the test's.
@Suite(.timeLimit(.minutes(1))) struct ProxiedClusterTests {
    private static let proxy = """
        *" proxy --unix-socket="*) for word in "$@"; do case "$word" in --unix-socket=*) socket=${word#*=};; esac; done
            ln -s "$here/server" "$socket"; echo $$ >>"$here/pids"
            echo "Starting to serve on $socket"; exec sleep 1000;;
        """

    private struct Setup {
        let standIn: StandIn
        let server: LocalServer
        let cluster: ProxiedCluster

        init(
            kubectl: String = proxy, configuration: @escaping @Sendable () -> [Kubeconfig.Stamp?] = { [] },
            answering answer: @escaping @Sendable (String) -> LocalServer.Answer = { _ in .response(200, "{}") }
        ) throws {
            standIn = try StandIn(["kubectl": kubectl])
            server = try LocalServer(at: "\(standIn.folder.path)/server", answer)
            let kubectl = Kubectl(context: "lab", namespace: "blog")
            cluster = ProxiedCluster(
                context: "lab",
                proxy: KubectlProxy(
                    kubectl: kubectl, launcher: standIn.launcher, scratch: standIn.scratch, configuration: configuration
                ))
        }

        var pids: [pid_t] { standIn.content(of: "pids").split(separator: "\n").compactMap { pid_t($0) } }
        var starts: Int { standIn.calls.count }

        func end(sourceLocation: SourceLocation = #_sourceLocation) async {
            standIn.verify(sourceLocation: sourceLocation)
            await standIn.launcher.stopAll()
            for pid in pids { #expect(kill(pid, 0) == -1, sourceLocation: sourceLocation) }
        }
    }

    @Test func oneProxyServesAllQuestionsAndEndsWithItsLauncher() async throws {
        let setup = try Setup()
        #expect(setup.starts == 0)
        try await withThrowingTaskGroup(of: ClusterAnswer.self) { group in
            for _ in 1...20 { group.addTask { try await setup.cluster.read(.nodes) } }
            for try await answer in group { #expect(answer == ClusterAnswer(body: Array("{}".utf8))) }
        }
        #expect(setup.starts == 1)
        #expect(setup.server.requests == Array(repeating: "/api/v1/nodes", count: 20))
        await setup.end()
    }

    @Test func aProxyThatWasKilledIsStartedAgainAndWhatItCarriedIsCut() async throws {
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"
        let setup = try Setup(answering: {
            $0.contains("nodes") ? .init(bytes: Array(chunked.utf8)) : .response(200, "{}")
        })
        let answer = try await setup.cluster.read(.nodes)
        #expect(answer.failure == ReadFailure("error: unexpected EOF"))
        #expect(answer.hasBegun)
        kill(try #require(setup.pids.first), SIGKILL)
        // The socket of one that was killed is still there, or not: either way somebody listens again.
        while setup.starts < 2 { #expect(try await setup.cluster.read(.pods(namespace: nil)).isSuccess) }
        await setup.end()
    }

    /// A new login, or another server of the same name: the proxy has read the configuration that was.
    @Test func aChangedConfigurationStartsAnother() async throws {
        let size = Atomic<Int64>(1)
        let setup = try Setup(configuration: {
            [Kubeconfig.Stamp(inode: 1, size: size.load(ordering: .relaxed), seconds: 1, nanoseconds: 1)]
        })
        for expected in [1, 1, 2, 2] {
            if expected == 2 { size.store(2, ordering: .relaxed) }
            #expect(try await setup.cluster.read(.nodes).isSuccess)
            #expect(setup.starts == expected)
        }
        await setup.end()
    }

    @Test func aLoginThatIsNotTakenStartsAnother() async throws {
        let isLoggedIn = Atomic(false)
        let setup = try Setup(answering: { _ in
            isLoggedIn.exchange(true, ordering: .relaxed)
                ? .response(200, "{}") : .response(401, #"{"kind": "Status", "reason": "Unauthorized"}"#)
        })
        let failure = try #require(try await setup.cluster.read(.nodes).failure)
        #expect(KubectlFailure.wantsLogin(failure))
        #expect(try await setup.cluster.read(.nodes).isSuccess)
        #expect(setup.starts == 2)
        await setup.end()
    }

    @Test func whatKeepsItFromStartingIsTold() async throws {
        let setup = try Setup(kubectl: "*proxy*) echo 'error: context \"lab\" does not exist' >&2; exit 1;;")
        let answer = try await setup.cluster.read(.nodes)
        #expect(answer.failure == ReadFailure("error: context \"lab\" does not exist"))
        #expect(!answer.hasBegun)
        await setup.end()
    }

    @Test func thatKubectlIsMissingSaysWhatToInstall() async throws {
        let standIn = try StandIn([:])
        let kubectl = Kubectl(context: "lab", namespace: "blog")
        let cluster = ProxiedCluster(
            context: "lab",
            proxy: KubectlProxy(kubectl: kubectl, launcher: standIn.launcher, scratch: standIn.scratch))
        let error = cluster.error("", try await cluster.read(.nodes))
        #expect(error.summary == "kubectl was not found on PATH")
        #expect(error.severity == .unavailable)
        #expect(error.advice?.contains("install kubectl") == true)
    }

    @Test(
        arguments: [
            (nil, "/home/me", ["/home/me/.kube/config"]), ("", "/home/me", ["/home/me/.kube/config"]),
            ("/a:/b", "/home/me", ["/a", "/b"]),
        ] as [(String?, String?, [String])])
    func kubectlReadsTheseFiles(variable: String?, home: String?, files: [String]) throws {
        #expect(Kubeconfig.files(variable: variable, home: home) == files)
    }

    @Test func aFileThatIsReplacedIsAnotherOne() throws {
        let folder = try TemporaryFolder()
        let file = "\(folder.path)/config"
        #expect(Kubeconfig.stamps(files: [file]) == [nil])
        try TestFile.write([1], to: file)
        let first = Kubeconfig.stamps(files: [file])
        #expect(first == Kubeconfig.stamps(files: [file]))
        try TestFile.write([1, 2], to: file)
        #expect(first != Kubeconfig.stamps(files: [file]))
    }
}
