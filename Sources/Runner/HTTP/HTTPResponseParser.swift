/// The head of a response of HTTP/1.1.
struct HTTPHead: Sendable, Hashable {
    var status: Int
    /// With their names in lower case.
    var headers: [String: String]

    /// Whether the server did what it was asked.
    var isSuccess: Bool { (200..<300).contains(status) }
}

/// What a server sent that is no response.
struct HTTPSyntaxError: Error, Hashable {
    /// What is wrong, in words.
    var message: String
}

/// Reads one response of HTTP/1.1 (https://www.rfc-editor.org/rfc/rfc9112), in whatever pieces it comes. Pure: bytes in,
/// the head and the body out.
struct HTTPResponseParser: Sendable {
    private enum Place: Sendable, Hashable {
        case head
        /// In a body, or a chunk of one, with so many bytes still to come.
        case body(left: Int)
        /// In a body that ends with the connection.
        case rest
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailer
        case end
    }

    /// Bytes that a head, or the trailer, may have.
    static let headLimit = 64 << 10
    /// Bytes that the line before a chunk may have.
    private static let sizeLimit = 1 << 10

    private let method: String
    /// The head, once all of it is there.
    private(set) var head: HTTPHead?
    private var place = Place.head
    /// The line that is not complete yet.
    private var line: [UInt8] = []
    private var lines: [[UInt8]] = []
    /// Bytes of the lines since the head, the trailer or the line before a chunk began.
    private var lineBytes = 0

    /// - Parameter method: what was asked: the response to a HEAD has no body, whatever its head says.
    init(method: String = "GET") { self.method = method }

    /// Whether all of the response is there.
    var isComplete: Bool { place == .end }

    /// Takes the next piece and hands over what it holds of the body, to be read until the closure returns. What comes
    /// after the response is let go.
    mutating func take(
        _ piece: UnsafeRawBufferPointer, onBody: (UnsafeRawBufferPointer) -> Void
    ) throws(HTTPSyntaxError) {
        var rest = piece[...]
        while !rest.isEmpty {
            switch place {
            case .end: return
            case .rest:
                onBody(UnsafeRawBufferPointer(rebasing: rest))
                return
            case .body(let left), .chunk(let left):
                let part = rest.prefix(left)
                onBody(UnsafeRawBufferPointer(rebasing: part))
                rest = rest.dropFirst(part.count)
                let isChunk = if case .chunk = place { true } else { false }
                let remaining = left - part.count
                if isChunk {
                    place = remaining == 0 ? .chunkEnd : .chunk(left: remaining)
                } else {
                    place = remaining == 0 ? .end : .body(left: remaining)
                }
            case .head, .chunkSize, .chunkEnd, .trailer:
                guard let complete = try takeLine(&rest) else { return }
                try take(line: complete)
            }
        }
    }

    /// The connection has ended.
    /// - Returns: whether the response has come to its end by then.
    mutating func finish() -> Bool {
        if place == .rest { place = .end }
        return isComplete
    }

    // MARK: - Lines

    /// - Returns: the line that is complete by now, without its end.
    private mutating func takeLine(
        _ rest: inout Slice<UnsafeRawBufferPointer>
    ) throws(HTTPSyntaxError) -> [UInt8]? {
        let newline = rest.firstIndex(of: 0x0A)
        let part = rest[..<(newline ?? rest.endIndex)]
        lineBytes += part.count
        let limit = place == .chunkSize || place == .chunkEnd ? Self.sizeLimit : Self.headLimit
        guard lineBytes <= limit else { throw HTTPSyntaxError(message: "a head that is too long") }
        line += part
        guard let newline else {
            rest = rest[rest.endIndex...]
            return nil
        }
        rest = rest[(newline + 1)...]
        defer { line = [] }
        return line.last == 0x0D ? line.dropLast() : line
    }

    private mutating func take(line: [UInt8]) throws(HTTPSyntaxError) {
        switch place {
        case .head:
            guard line.isEmpty else { return lines.append(line) }
            try readHead()
        case .chunkSize:
            let digits = String(decoding: line.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 }, as: UTF8.self)
            guard let size = Int(digits, radix: 16), size >= 0 else {
                throw HTTPSyntaxError(message: "a chunk of the size \(digits)")
            }
            place = size == 0 ? .trailer : .chunk(left: size)
        case .chunkEnd:
            guard line.isEmpty else { throw HTTPSyntaxError(message: "a chunk that is longer than it says") }
            place = .chunkSize
        case .trailer:
            guard line.isEmpty else { return }
            place = .end
        case .body, .rest, .chunk, .end: return
        }
        lineBytes = 0
    }

    private mutating func readHead() throws(HTTPSyntaxError) {
        defer { lines = [] }
        // Empty lines before a response are let go.
        guard let first = lines.first else { return }
        let words = first.split(separator: 0x20, maxSplits: 2)
        guard words.count >= 2, words[0].starts(with: "HTTP/1.".utf8),
            let status = Int(String(decoding: words[1], as: UTF8.self)), (100..<600).contains(status)
        else { throw HTTPSyntaxError(message: "no response of HTTP/1.1") }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
            headers[String(decoding: line[..<colon], as: UTF8.self).lowercased()] = String(
                decoding: value, as: UTF8.self)
        }
        // The response itself is still to come.
        guard status >= 200 else { return }
        head = HTTPHead(status: status, headers: headers)
        if method == "HEAD" || [204, 304].contains(status) {
            place = .end
        } else if headers["transfer-encoding"]?.lowercased() == "chunked" {
            place = .chunkSize
        } else if let text = headers["content-length"] {
            guard let length = Int(text), length >= 0 else {
                throw HTTPSyntaxError(message: "a body of the length \(text)")
            }
            place = length == 0 ? .end : .body(left: length)
        } else {
            place = .rest
        }
    }
}
