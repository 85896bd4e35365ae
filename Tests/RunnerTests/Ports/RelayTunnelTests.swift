import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Runner

enum ProcessInfoOfTest { static let id = ProcessInfo.processInfo.processIdentifier }

@Suite(.timeLimit(.minutes(1)))
struct RelayTunnelTests {
    private var timing: RelayTiming {
        var timing = RelayTiming()
        timing.silence = .milliseconds(150)
        timing.probing = .milliseconds(300)
        timing.idling = .milliseconds(100)
        return timing
    }

    @Test func aTunnelIsOpenedWithTheFirstConnectionAndKept() async throws {
        let server = try TCPServer.http("hello")
        let rig = RelayRig { tunnel, _ in tunnel.onNews(.open(server.port)) }
        await rig.serve(pods: "a")
        #expect(rig.tunnels.opened.current.value.isEmpty)
        for _ in 0..<3 { #expect(await TCP.get(rig.port) == "hello") }
        #expect(rig.tunnels.opened.current.value.count == 1)
        await rig.relay.close()
        #expect(rig.tunnels.closed.current.value == 1)
    }

    @Test func aTunnelThatNobodyUsesIsClosed() async throws {
        let server = try TCPServer.http("hello")
        let rig = RelayRig(timing: timing) { tunnel, _ in tunnel.onNews(.open(server.port)) }
        await rig.serve(pods: "a")
        #expect(await TCP.get(rig.port) == "hello")
        while rig.tunnels.closed.current.value == 0 {
            await rig.tunnels.closed.changed(since: rig.tunnels.closed.current.version)
        }
        #expect(await TCP.get(rig.port) == "hello")
        await rig.relay.close()
    }

    @Test func theTunnelToAPodThatComesIsOpenBeforeItIsReady() async throws {
        let old = try TCPServer.http("old")
        let new = try TCPServer.http("new")
        let rig = RelayRig { tunnel, _ in tunnel.onNews(.open(tunnel.backend.id == "old" ? old.port : new.port)) }
        await rig.serve(pods: "old")
        #expect(await TCP.get(rig.port) == "old")
        await rig.serve(pods: "old", coming: ["new"])
        while rig.tunnels.opened.current.value.count < 2 {
            await rig.tunnels.opened.changed(since: rig.tunnels.opened.current.version)
        }
        #expect(await TCP.get(rig.port) == "old")
        await rig.serve(pods: "new")
        #expect(await TCP.get(rig.port) == "new")
        await rig.relay.close()
    }

    /// kubectl closes the connection, says why, and ends.
    @Test func aPodWhereNobodyListensYetIsTriedAgain() async throws {
        let server = try TCPServer.http("hello")
        let servers = Mutex<[TCPServer]>([])
        let rig = RelayRig { tunnel, number in
            guard number < 3 else { return tunnel.onNews(.open(server.port)) }
            let broken = try? TCPServer { _, _ in
                tunnel.onNews(.refused)
                tunnel.onNews(.ended("lost connection to pod"))
            }
            guard let broken else { return }
            // It lives for as long as something holds it.
            servers.withLock { $0.append(broken) }
            tunnel.onNews(.open(broken.port))
        }
        await rig.serve(pods: "a")
        #expect(await TCP.get(rig.port, method: "POST") == "hello")
        await rig.relay.close()
        servers.withLock { $0 = [] }
    }

    /// Another connection was refused: that one may have done it.
    @Test func whatMayHaveBeenActedOnIsNotSentAgainForAnothersRefusal() async throws {
        let asked = Mutex(0)
        let both = DispatchSemaphore(value: 0)
        let servers = Mutex<[TCPServer]>([])
        let rig = RelayRig { tunnel, number in
            guard number == 1 else { return }
            let server = try? TCPServer { connection, _ in
                _ = connection.readRequest()
                let isLast = asked.withLock { asked in
                    asked += 1
                    return asked == 2
                }
                if isLast { for _ in 1...2 { both.signal() } }
                both.wait()
                tunnel.onNews(.refused)
                tunnel.onNews(.ended(nil))
            }
            guard let server else { return }
            servers.withLock { $0.append(server) }
            tunnel.onNews(.open(server.port))
        }
        await rig.serve(pods: "a")
        async let post = TCP.get(rig.port, method: "POST")
        let get = await TCP.blocking { [port = rig.port] in TCPConnection.to(port) }
        get?.send("GET / HTTP/1.1\r\n\r\n")
        #expect(await post == nil)
        while rig.tunnels.opened.current.value.count < 2 {
            await rig.tunnels.opened.changed(since: rig.tunnels.opened.current.version)
        }
        await rig.relay.close()
        servers.withLock { $0 = [] }
    }

    @Test func aTunnelThatHangsIsReplaced() async throws {
        let server = try TCPServer.http("hello")
        // The kernel accepts for it, and nobody reads.
        let hung = TCP.socket()
        #expect(TCP.bind(hung, 0) && listen(hung, 16) == 0)
        let rig = RelayRig(timing: timing) { tunnel, number in
            tunnel.onNews(.open(number == 1 ? TCP.port(of: hung) : server.port))
        }
        await rig.serve(pods: "a")
        #expect(await TCP.get(rig.port) == "hello")
        #expect(rig.tunnels.opened.current.value.count == 2)
        #expect(rig.news.current.value == [.listening(rig.port)])
        close(hung)
        await rig.relay.close()
    }

    /// A server that has room for nobody else looks like a tunnel that hangs.
    @Test func whoeverIsConnectedStaysWithATunnelThatIsReplaced() async throws {
        let other = try TCPServer.http("hello")
        let over = DispatchSemaphore(value: 0)
        let busy = try TCPServer { connection, number in
            while let bytes = connection.read(), !bytes.isEmpty { if number == 1 { connection.send(bytes) } }
            // The probe, too, gets no answer to its end.
            if number > 1 { over.wait() }
        }
        let rig = RelayRig(timing: timing) { tunnel, number in
            tunnel.onNews(.open(number == 1 ? busy.port : other.port))
        }
        await rig.serve(pods: "a")
        let made = await TCP.blocking { [port = rig.port] in TCPConnection.to(port) }
        let client = try #require(made)
        func echo(_ text: String) async -> [UInt8]? {
            await TCP.blocking {
                client.send(text)
                return client.read()
            }
        }
        #expect(await echo("one") == Array("one".utf8))
        #expect(await TCP.get(rig.port) == "hello")
        #expect(rig.tunnels.opened.current.value.count == 2)
        #expect(rig.tunnels.closed.current.value == 0)
        #expect(await echo("two") == Array("two".utf8))
        client.close()
        while rig.tunnels.closed.current.value == 0 {
            await rig.tunnels.closed.changed(since: rig.tunnels.closed.current.version)
        }
        for _ in 1..<busy.connections { over.signal() }
        await rig.relay.close()
    }

    /// It answers once the tunnel was looked at for its silence, by a connection that is empty.
    @Test func aServerThatTakesItsTimeIsWaitedFor() async throws {
        let looked = DispatchSemaphore(value: 0)
        let server = try TCPServer { connection, _ in
            guard connection.readRequest() != nil else {
                looked.signal()
                return
            }
            looked.wait()
            connection.answer("slow")
        }
        let rig = RelayRig(timing: timing) { tunnel, _ in tunnel.onNews(.open(server.port)) }
        await rig.serve(pods: "a")
        #expect(await TCP.get(rig.port, method: "POST") == "slow")
        #expect(rig.tunnels.opened.current.value.count == 1)
        #expect(server.connections > 1)
        await rig.relay.close()
    }

    @Test func aTunnelThatCantBeOpenedIsOpenedAgain() async throws {
        let server = try TCPServer.http("hello")
        let rig = RelayRig { tunnel, number in
            tunnel.onNews(number < 3 ? .ended("error: unable to forward port") : .open(server.port))
        }
        await rig.serve(pods: "a")
        #expect(await TCP.get(rig.port) == "hello")
        await rig.relay.close()
    }

    @Test func whatKubectlPrintsMeansSomething() {
        func news(_ line: String, _ source: OutputSource = .standardError) -> TunnelNews? {
            TunnelOutput.news(of: Array(line.utf8), from: source)
        }
        #expect(news("Forwarding from 127.0.0.1:38795 -> 3000", .standardOutput) == .open(38795))
        #expect(news("Forwarding from [::1]:38795 -> 3000", .standardOutput) == nil)
        #expect(news("Handling connection for 38795", .standardOutput) == nil)
        let refusal =
            "E1126 08:20:34.040601   19916 portforward.go:424] \"Unhandled Error\" err=\"an error occurred forwarding 46511 "
            + "-> 3999: error forwarding port 3999 to pod 25af, uid : failed to execute portforward in network namespace "
            + "\\\"/var/run/netns/cni-2b74\\\": failed to connect to localhost:3999 inside namespace \\\"25af\\\", IPv4: "
            + "dial tcp4 127.0.0.1:3999: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found \""
        #expect(news(refusal) == .refused)
        #expect(news("error: lost connection to pod") == nil)
        #expect(
            news("The connection to the server 127.0.0.1:6443 was refused - did you specify the right host?") == nil)
    }

    @Test func kubectlIsStartedForAPortOfAPod() async throws {
        let kubectl = try StandIn([
            "kubectl": """
            *port-forward*) echo 'Forwarding from 127.0.0.1:4711 -> 80'; echo 'error: lost connection to pod' >&2;;
            """
        ])
        let opener = PodTunnels(kubectl: Kubectl(context: "lab", namespace: "blog"), launcher: kubectl.launcher)
        let (news, sink) = AsyncStream.makeStream(of: TunnelNews.self)
        let backend = PortBackend(id: "u", place: .pod("web-1", namespace: "shop"), port: 80)
        let tunnel = opener.open(backend) { sink.yield($0) }
        var all: [TunnelNews] = []
        for await one in news {
            all.append(one)
            if case .ended = one { break }
        }
        #expect(all == [.open(4711), .ended("error: lost connection to pod")])
        #expect(
            kubectl.callLines == [
                "kubectl --context=lab --namespace=shop port-forward --address=127.0.0.1 pod/web-1 :80"
            ])
        tunnel.close()
        kubectl.verify()
    }

    @Test func theListenersOfAPortAreFound() {
        let lines = [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            "   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 81734 1 0 100 0",
            "   1: 0100007F:0BB8 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 81735 1 0 100 0",
            "   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 9 1 0 100 0 0 10 0",
        ]
        #expect(PortHolder.listeners(on: 3000, in: lines) == ["socket:[81734]"])
        #expect(PortHolder.listeners(on: 81, in: lines) == [])
    }
}
