#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Cuts a stream of bytes into lines.
///
/// A line is the bytes up to a newline, whatever chunks they arrive in, so that a character or a line that is split
/// between two reads survives. A carriage return before the newline is dropped.
struct LineSplitter: Sendable {
    /// Bytes that a line may have before it is cut, so that output without an end cannot fill the memory.
    static let maximumLength = 16 << 20

    private var partial: [UInt8] = []

    /// Takes the next chunk and hands over each line that it ends, to be read until the closure returns.
    mutating func split(_ chunk: UnsafeRawBufferPointer, onLine: (UnsafeRawBufferPointer) -> Void) {
        var start = 0
        while start < chunk.count, let newline = Self.newline(in: chunk, from: start) {
            let line = UnsafeRawBufferPointer(rebasing: chunk[start..<newline])
            start = newline + 1
            if partial.isEmpty {
                onLine(Self.withoutReturn(line))
            } else {
                partial.append(contentsOf: line)
                flush(onLine)
            }
        }
        guard start < chunk.count else { return }
        partial.append(contentsOf: chunk[start...])
        if partial.count >= Self.maximumLength { flush(onLine) }
    }

    /// The same, each line in memory of its own.
    mutating func append(_ chunk: UnsafeRawBufferPointer, onLine: ([UInt8]) -> Void) {
        split(chunk) { onLine(Array($0)) }
    }

    /// The lines that end with the next chunk.
    mutating func lines(of chunk: UnsafeRawBufferPointer) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        append(chunk) { lines.append($0) }
        return lines
    }

    /// Hands over what came after the last newline, if anything did.
    mutating func finish(onLine: ([UInt8]) -> Void) {
        if !partial.isEmpty { flush { onLine(Array($0)) } }
    }

    private mutating func flush(_ onLine: (UnsafeRawBufferPointer) -> Void) {
        partial.withUnsafeBytes { onLine(Self.withoutReturn($0)) }
        partial.removeAll(keepingCapacity: partial.count <= 4096)
    }

    private static func withoutReturn(_ line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        line.last == 0x0D ? UnsafeRawBufferPointer(rebasing: line.dropLast()) : line
    }

    private static func newline(in chunk: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = chunk.baseAddress, let found = memchr(base + start, 0x0A, chunk.count - start) else {
            return nil
        }
        return UnsafeRawPointer(found) - base
    }
}
