import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Runner

@Suite(.timeLimit(.minutes(1))) struct HTTPExchangeTests {
    private static let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    private func exchange(
        _ server: LocalServer, patience: Duration? = nil,
        onPiece: (@Sendable (UnsafeRawBufferPointer) -> Void)? = nil
    ) -> HTTPExchange {
        HTTPExchange(
            HTTPRequest(target: "/a?b=c"), to: .socket(server.path), patience: patience, onPiece: onPiece)
    }

    @Test func anAnswerIsReturnedOrHandedOver() async throws {
        let folder = try TemporaryFolder()
        let server = try LocalServer(at: "\(folder.path)/s") { _ in .response(200, "hello") }
        #expect(try await exchange(server).run().body == Array("hello".utf8))
        let pieces = Mutex<[UInt8]>([])
        let response = try await exchange(server) { piece in pieces.withLock { $0 += piece } }.run()
        #expect(response.ending == .complete)
        #expect(response.body == [])
        #expect(pieces.withLock { $0 } == Array("hello".utf8))
        #expect(server.requests == ["/a?b=c", "/a?b=c"])
    }

    /// What is wrong is for whoever asked, not for whoever reads lines.
    @Test func aFailureIsReturnedAlsoWhereTheAnswerIsToBeHandedOver() async throws {
        let folder = try TemporaryFolder()
        let server = try LocalServer(at: "\(folder.path)/s") { _ in .response(404, "gone") }
        let response = try await exchange(server) { _ in Issue.record("handed over") }.run()
        #expect(response.head?.status == 404)
        #expect(response.body == Array("gone".utf8))
    }

    @Test(
        arguments: [
            (chunked + "3\r\none\r\n0\r\n\r\n", .complete), (chunked + "3\r\none\r\n", .cut), ("", .cut),
            ("SSH-2.0\r\n\r\n", .malformed("no response of HTTP/1.1")),
        ] as [(String, HTTPResponse.Ending)])
    func howItEndsIsTold(text: String, ending: HTTPResponse.Ending) async throws {
        let folder = try TemporaryFolder()
        let server = try LocalServer(at: "\(folder.path)/s") { _ in .init(bytes: Array(text.utf8)) }
        #expect(try await exchange(server).run().ending == ending)
    }

    @Test func whereNobodyListensItSaysSo() async throws {
        let folder = try TemporaryFolder()
        for path in ["\(folder.path)/s", "/" + String(repeating: "s", count: 200)] {
            let response = try await HTTPExchange(HTTPRequest(target: "/"), to: .socket(path), onPiece: nil).run()
            guard case .refused = response.ending else {
                Issue.record("\(response.ending)")
                continue
            }
        }
    }

    @Test func aServerThatSaysNothingIsGivenUp() async throws {
        let folder = try TemporaryFolder()
        let server = try LocalServer(at: "\(folder.path)/s") { _ in .init(bytes: [], staysOpen: true) }
        #expect(try await exchange(server, patience: .seconds(1)).run().ending == .silent)
    }

    @Test func aTaskThatIsCancelledClosesTheConnection() async throws {
        let folder = try TemporaryFolder()
        let server = try LocalServer(at: "\(folder.path)/s") { _ in
            .init(bytes: Array((Self.chunked + "3\r\none\r\n").utf8), staysOpen: true)
        }
        let (pieces, continuation) = AsyncStream.makeStream(of: Int.self)
        let exchange = exchange(server) { continuation.yield($0.count) }
        let task = Task { try await exchange.run() }
        #expect(await pieces.first { _ in true } == 3)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        for await _ in server.closings.prefix(1) {}
    }

    /// A screen that is paused makes the server wait; nothing is dropped.
    @Test func aSlowHandlerSlowsTheServer() async throws {
        let folder = try TemporaryFolder()
        let size = 8 << 20
        let server = try LocalServer(at: "\(folder.path)/s") { _ in
            .response(200, String(repeating: "x", count: size))
        }
        let gate = DispatchSemaphore(value: 0)
        let taken = Atomic(0)
        let (pieces, continuation) = AsyncStream.makeStream(of: Int.self)
        let exchange = exchange(server) { piece in
            taken.add(piece.count, ordering: .relaxed)
            continuation.yield(piece.count)
            if taken.load(ordering: .relaxed) == piece.count { gate.wait() }
        }
        let task = Task { try await exchange.run() }
        _ = await pieces.first { _ in true }
        let held = server.sent
        #expect(held < size)
        gate.signal()
        #expect(try await task.value.ending == .complete)
        #expect(taken.load(ordering: .relaxed) == size)
    }
}
