import TestSupport
import Testing

@testable import Runner

@Suite struct HTTPResponseParserTests {
    /// What came of bytes that were fed in pieces.
    private struct Outcome: Equatable {
        var status: Int?
        var headers: [String: String] = [:]
        var body = ""
        var isComplete = false
        var error: String?
    }

    private func parse(_ text: String, cutting generator: inout some RandomNumberGenerator) -> Outcome {
        var parser = HTTPResponseParser()
        var body: [UInt8] = []
        var outcome = Outcome()
        var rest = Array(text.utf8)[...]
        do throws(HTTPSyntaxError) {
            while !rest.isEmpty {
                let piece = Array(rest.prefix(Int.random(in: 1...max(1, rest.count), using: &generator)))
                rest = rest.dropFirst(piece.count)
                let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: piece.count, alignment: 1)
                defer { bytes.deallocate() }
                bytes.copyBytes(from: piece)
                try parser.take(UnsafeRawBufferPointer(bytes)) { body += $0 }
            }
        } catch {
            outcome.error = error.message
        }
        outcome.isComplete = parser.finish()
        outcome.status = parser.head?.status
        outcome.headers = parser.head?.headers ?? [:]
        outcome.body = String(decoding: body, as: UTF8.self)
        return outcome
    }

    /// However it is cut, the same comes of it.
    private func parse(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) -> Outcome {
        var whole = WholePieces()
        let expected = parse(text, cutting: &whole)
        var generator = SeededGenerator(seed: 11)
        for _ in 1...200 {
            #expect(parse(text, cutting: &generator) == expected, sourceLocation: sourceLocation)
        }
        return expected
    }

    private struct WholePieces: RandomNumberGenerator {
        mutating func next() -> UInt64 { .max }
    }

    @Test func whatIsAskedForItsHeadAloneHasNoBody() throws {
        var parser = HTTPResponseParser(method: "HEAD")
        let bytes = Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".utf8)
        try bytes.withUnsafeBytes { try parser.take($0) { _ in Issue.record("a body") } }
        #expect(parser.isComplete)
    }

    @Test func aBodyIsAsLongAsItSays() {
        let outcome = parse(
            "HTTP/1.1 404 Not Found\r\nContent-Type:  text/plain\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200")
        #expect(outcome.status == 404)
        #expect(outcome.headers == ["content-type": "text/plain", "content-length": "5"])
        #expect(outcome.body == "hello")
        #expect(outcome.isComplete)
    }

    @Test func chunksArePutTogether() {
        let outcome = parse(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "6\r\none\r\nt\r\nA;name=value\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nrest")
        #expect(outcome.body == "one\r\nt0123456789")
        #expect(outcome.isComplete)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\none",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\none",
    ])
    func aBodyThatIsCutIsNotComplete(text: String) {
        let outcome = parse(text)
        #expect(outcome.body == "one")
        #expect(!outcome.isComplete)
        #expect(outcome.error == nil)
    }

    @Test func withoutALengthABodyEndsWithTheConnection() {
        #expect(
            parse("HTTP/1.0 200 OK\n\nall of it\n")
                == Outcome(status: 200, body: "all of it\n", isComplete: true))
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\nA: b\r\n"])
    func aHeadThatIsCutIsNone(text: String) { #expect(parse(text) == Outcome()) }

    @Test(arguments: ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
    func anEmptyBodyIsComplete(text: String) {
        let outcome = parse(text)
        #expect(outcome.isComplete)
        #expect(outcome.body == "")
    }

    @Test func whatComesBeforeTheResponseIsLetGo() {
        let outcome = parse("\r\nHTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(outcome.status == 200)
        #expect(outcome.body == "ok")
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nA: " + String(repeating: "b", count: HTTPResponseParser.headLimit) + "\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + String(repeating: "0", count: 5000),
    ])
    func whatIsNoResponseIsAnError(text: String) {
        var whole = WholePieces()
        #expect(parse(text, cutting: &whole).error != nil)
    }
}
