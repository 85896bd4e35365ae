/// A container's log as the engine sends it, cut into the lines of its two streams. Pure: pieces in, lines out.
///
/// Of a container without a terminal, frames come
/// (https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach): the number of a
/// stream, three zeros, the length in four bytes with the highest first, and so many bytes. Of one with a terminal come
/// the bytes alone. As each line begins with its time, the first byte tells which: no digit is a stream's number.
struct LogStreams: Sendable {
    struct Line: Sendable, Hashable {
        var source: OutputSource
        var text: [UInt8]
    }

    private enum Place: Sendable {
        case start
        case raw
        case header
        case frame(stream: UInt8, left: Int)
        /// After what is no frame.
        case broken
    }

    private static let headerLength = 8
    /// Bytes of the engine's own words that are kept.
    private static let failureLimit = 2000

    private var place = Place.start
    private var header: [UInt8] = []
    private var standardOutput = LineSplitter()
    private var standardError = LineSplitter()
    private var said: [UInt8] = []
    private var malformation: String?

    /// Why the engine could not go on, in the words in which docker says it.
    var failure: String? {
        malformation ?? (said.isEmpty ? nil : "error from daemon in stream: \(String(decoding: said, as: UTF8.self))")
    }

    /// The lines that end with the next piece.
    mutating func take(_ piece: UnsafeRawBufferPointer) -> [Line] {
        var lines: [Line] = []
        var rest = piece[...]
        while let byte = rest.first {
            switch place {
            case .start: place = byte <= Self.lastStream ? .header : .raw
            case .raw:
                take(rest, of: 1, &lines)
                return lines
            case .header:
                let part = rest.prefix(Self.headerLength - header.count)
                header += part
                rest = rest.dropFirst(part.count)
                if header.count == Self.headerLength { readHeader() }
            case .frame(let stream, let left):
                let part = rest.prefix(left)
                take(part, of: stream, &lines)
                rest = rest.dropFirst(part.count)
                place = part.count == left ? .header : .frame(stream: stream, left: left - part.count)
            case .broken: return lines
            }
        }
        return lines
    }

    /// What came after the last newline of each stream, where the log has ended.
    mutating func finish() -> [Line] {
        var lines: [Line] = []
        standardOutput.finish { lines.append(Line(source: .standardOutput, text: $0)) }
        standardError.finish { lines.append(Line(source: .standardError, text: $0)) }
        return lines
    }

    /// What the engine itself has to say of its failure; before it are standard input, output and error.
    private static let lastStream: UInt8 = 3

    private mutating func readHeader() {
        let length = header[4...].reduce(0) { $0 << 8 | Int($1) }
        if header[0] > Self.lastStream || header[1..<4].contains(where: { $0 != 0 }) {
            malformation = "what the engine sent is no log: \(header)"
            place = .broken
        } else {
            place = length == 0 ? .header : .frame(stream: header[0], left: length)
        }
        header = []
    }

    private mutating func take(_ part: Slice<UnsafeRawBufferPointer>, of stream: UInt8, _ lines: inout [Line]) {
        let bytes = UnsafeRawBufferPointer(rebasing: part)
        switch stream {
        case Self.lastStream: said += bytes.prefix(Self.failureLimit - said.count)
        case 2: standardError.append(bytes) { lines.append(Line(source: .standardError, text: $0)) }
        default: standardOutput.append(bytes) { lines.append(Line(source: .standardOutput, text: $0)) }
        }
    }
}
