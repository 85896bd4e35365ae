import Synchronization
import TestSupport
import Testing

@testable import Runner

@Suite(.timeLimit(.minutes(1)))
struct PortRelayTests {
    @Test func aRequestIsAnswered() async throws {
        let server = try TCPServer.http("hello")
        let rig = RelayRig()
        await rig.serve(server.port)
        #expect(await TCP.get(rig.port) == "hello")
        await rig.relay.close()
    }

    @Test func bothLoopbackAddressesAreListenedOn() async throws {
        let server = try TCPServer.http("hello")
        let rig = RelayRig()
        await rig.serve(server.port)
        let answer = await TCP.blocking { [port = rig.port] () -> String? in
            guard let connection = TCPConnection.to(port, isIPv6: true) else { return nil }
            connection.send("GET / HTTP/1.1\r\n\r\n")
            return connection.readToEnd()
        }
        #expect(answer?.hasSuffix("hello") == true)
        await rig.relay.close()
    }

    @Test func aClientThatHasSaidAllIsStillAnswered() async throws {
        let server = try TCPServer { connection, _ in
            let all = connection.readToEnd() ?? "reset"
            connection.send("you said \(all)")
        }
        let rig = RelayRig()
        await rig.serve(server.port)
        let answer = await TCP.blocking { [port = rig.port] () -> String? in
            let connection = TCPConnection.to(port)
            connection?.send("all")
            connection?.endSending()
            return connection?.readToEnd()
        }
        #expect(answer == "you said all")
        await rig.relay.close()
    }

    @Test func aServerThatHasSaidAllIsStillToldThings() async throws {
        let heard = Latest("")
        let server = try TCPServer { connection, _ in
            connection.send("that is all")
            connection.endSending()
            heard.set(connection.readToEnd() ?? "reset")
        }
        let rig = RelayRig()
        await rig.serve(server.port)
        let said = await TCP.blocking { [port = rig.port] () -> String? in
            let connection = TCPConnection.to(port)
            let said = connection?.readToEnd()
            connection?.send("and another thing")
            return said
        }
        #expect(said == "that is all")
        while heard.current.value.isEmpty { await heard.changed(since: heard.current.version) }
        #expect(heard.current.value == "and another thing")
        await rig.relay.close()
    }

    @Test func aResetOfTheServerIsOneForTheClient() async throws {
        let server = try TCPServer { connection, _ in
            _ = connection.readRequest()
            connection.send("half an ans")
            _ = connection.read()
            connection.reset()
        }
        let rig = RelayRig()
        await rig.serve(server.port)
        let end = await TCP.blocking { [port = rig.port] () -> [UInt8]? in
            let connection = TCPConnection.to(port)
            connection?.send("GET / HTTP/1.1\r\n\r\n")
            _ = connection?.read()
            connection?.send("go on")
            return connection?.read()
        }
        #expect(end == nil)
        await rig.relay.close()
    }

    @Test func aClientThatVanishesIsGoneForTheServer() async throws {
        let end = Latest<String?>(nil)
        let server = try TCPServer { connection, _ in
            connection.send("hello")
            end.set(connection.readToEnd() ?? "reset")
        }
        let rig = RelayRig()
        await rig.serve(server.port)
        await TCP.blocking { [port = rig.port] in
            let connection = TCPConnection.to(port)
            _ = connection?.read()
            connection?.reset()
        }
        while end.current.value == nil { await end.changed(since: end.current.version) }
        #expect(end.current.value == "reset")
        await rig.relay.close()
    }

    @Test func twoHundredConnectionsAtOnce() async throws {
        let server = try TCPServer { connection, _ in
            while let piece = connection.read(), !piece.isEmpty { connection.send(piece) }
        }
        let rig = RelayRig()
        await rig.serve(server.port)
        let right = await TCP.blocking { [port = rig.port] () -> Int in
            let all = (0..<200).compactMap { _ in TCPConnection.to(port) }
            for (number, connection) in all.enumerated() { connection.send("number \(number)") }
            return all.enumerated().filter { number, connection in
                connection.read() == Array("number \(number)".utf8)
            }.count
        }
        #expect(right == 200)
        await rig.relay.close()
    }

    /// One megabyte in, a thousand out, through a client that reads only when it has to.
    @Test func aGigabyteThroughOneConnection() async throws {
        let piece = [UInt8](repeating: 7, count: 1 << 20)
        let server = try TCPServer { connection, _ in
            var count = 0
            while count < 1 << 20, let piece = connection.read() { count += piece.count }
            for _ in 0..<1024 { connection.send(piece) }
        }
        let rig = RelayRig()
        await rig.serve(server.port)
        let count = await TCP.blocking { [port = rig.port] () -> Int in
            let connection = TCPConnection.to(port)
            connection?.send(piece)
            var count = 0
            while let piece = connection?.read(atMost: 256 << 10), !piece.isEmpty { count += piece.count }
            return count
        }
        #expect(count == 1 << 30)
        await rig.relay.close()
    }

    @Test func aSlowReaderHoldsTheSenderUp() async throws {
        let sent = Latest(0)
        let server = try TCPServer { connection, _ in
            let piece = [UInt8](repeating: 7, count: 1 << 20)
            for number in 1...64 {
                guard connection.send(piece) else { return }
                sent.set(number)
            }
        }
        let rig = RelayRig()
        await rig.serve(server.port)
        let connection = await TCP.blocking { [port = rig.port] in TCPConnection.to(port) }
        // What the kernel's own buffers take is sent, and no more of the sixty-four megabytes.
        while true {
            let version = sent.current.version
            try? await sent.changed(since: version, orAfter: .milliseconds(300))
            if sent.current.version == version { break }
        }
        #expect(sent.current.value < 32)
        let count = await TCP.blocking { connection?.readToEnd()?.utf8.count }
        #expect(count == 64 << 20)
        await rig.relay.close()
    }

    // MARK: - Held

    @Test func aConnectionIsHeldUntilSomethingIsThere() async throws {
        let server = try TCPServer.http("hello")
        let rig = RelayRig()
        await rig.serve()
        async let answer = TCP.get(rig.port)
        let held = await TCP.blocking { [port = rig.port] in TCPConnection.to(port) }
        held?.reset()
        await rig.serve(server.port)
        #expect(await answer == "hello")
        await rig.relay.close()
    }

    @Test func aConnectionIsClosedWhenItWasHeldForLong() async throws {
        var timing = RelayTiming()
        timing.holding = .milliseconds(200)
        let rig = RelayRig(timing: timing)
        await rig.serve()
        #expect(await TCP.get(rig.port) == nil)
        #expect(await TCP.get(rig.port) == nil)
        // It is told once.
        #expect(rig.news.current.value.count == 2)
        #expect(rig.news.current.value.last == .unanswered(rig.port, isRefused: false, said: nil))
        await rig.relay.close()
    }

    @Test func thatNobodyListensWhereAPodIsReadyIsToldSo() async throws {
        var timing = RelayTiming()
        timing.holding = .milliseconds(200)
        let rig = RelayRig(timing: timing)
        await rig.serve(TCP.freePort())
        #expect(await TCP.get(rig.port) == nil)
        #expect(rig.news.current.value.last == .unanswered(rig.port, isRefused: true, said: nil))
        await rig.relay.close()
    }

    @Test func aServerThatDoesNotListenYetIsTriedAgain() async throws {
        let port = TCP.freePort()
        let rig = RelayRig()
        await rig.serve(port)
        async let answer = TCP.get(rig.port, method: "POST")
        let refused = await TCP.blocking { TCPConnection.to(port) == nil }
        #expect(refused)
        let server = try TCPServer(port: port) { connection, _ in
            _ = connection.readRequest()
            connection.answer("late")
        }
        #expect(await answer == "late")
        withExtendedLifetime(server) {}
        await rig.relay.close()
    }

    @Test func whatOnlyAsksIsAskedOnceMoreWhereAServerDiesOverIt() async throws {
        let server = try TCPServer { connection, number in
            _ = connection.readRequest()
            if number > 1 { connection.answer("second") }
        }
        let rig = RelayRig()
        await rig.serve(server.port)
        #expect(await TCP.get(rig.port) == "second")
        await rig.relay.close()
    }

    /// A request that a server dies of must not end it for ever.
    @Test func eachServerIsAskedFourTimesAtMost() async throws {
        let servers = try (0..<2).map { _ in try TCPServer { connection, _ in _ = connection.readRequest() } }
        let rig = RelayRig()
        await rig.serve(servers[0].port, servers[1].port)
        #expect(await TCP.get(rig.port) == nil)
        #expect(servers.allSatisfy { (1...4).contains($0.connections) })
        await rig.relay.close()
    }

    @Test func whatChangesSomethingIsSentOnce() async throws {
        let server = try TCPServer { connection, _ in _ = connection.readRequest() }
        let rig = RelayRig()
        await rig.serve(server.port)
        #expect(await TCP.get(rig.port, method: "POST") == nil)
        #expect(server.connections == 1)
        await rig.relay.close()
    }

    @Test func aConnectionToWhatIsReplacedGoesToWhatIsThereNow() async throws {
        let asked = Latest(false)
        let old = try TCPServer { connection, _ in
            _ = connection.readRequest()
            asked.set(true)
            _ = connection.read()
        }
        let new = try TCPServer.http("new")
        let rig = RelayRig()
        await rig.serve(old.port)
        async let answer = TCP.get(rig.port)
        while !asked.current.value { await asked.changed(since: asked.current.version) }
        await rig.serve(new.port)
        #expect(await answer == "new")
        await rig.relay.close()
    }

    // MARK: - Ports

    @Test func aPortThatIsTakenIsTakenWhenItIsFree() async throws {
        var timing = RelayTiming()
        timing.taking = .milliseconds(50)
        let other = try TCPServer.http("other")
        let rig = RelayRig(port: other.port, timing: timing)
        rig.relay.set([ForwardedPort(port: rig.port)])
        let news = await rig.told { if case .taken = $0 { true } else { false } }
        guard case .taken(rig.port, let holder)? = news else {
            Issue.record("\(String(describing: news))")
            return
        }
        #if os(Linux)
            #expect(holder.hasSuffix("(process \(ProcessInfoOfTest.id))"))
        #endif
        #expect(await TCP.get(rig.port) == "other")
        other.stop()
        _ = await rig.told { $0 == .listening(rig.port) }
        await rig.relay.close()
    }

    @Test func aPortThatIsNotAskedForAnyMoreIsFree() async throws {
        let server = try TCPServer.http("hello")
        let rig = RelayRig()
        await rig.serve(server.port)
        rig.relay.set([])
        await rig.relay.close()
        let isRefused = await TCP.blocking { [port = rig.port] in TCPConnection.to(port) == nil }
        #expect(isRefused)
    }
}
