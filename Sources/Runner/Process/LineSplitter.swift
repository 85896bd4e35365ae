/// Cuts a stream of bytes into lines.
///
/// A line is the bytes up to a newline, whatever chunks they arrive in, so that a character or a line that is split
/// between two reads survives. A carriage return before the newline is dropped.
struct LineSplitter {
    /// Bytes that a line may have before it is cut, so that output without an end cannot fill the memory.
    static let maximumLength = 16 << 20

    private var partial: [UInt8] = []

    /// Takes the next chunk and hands over each line that it ends.
    mutating func append(_ chunk: UnsafeRawBufferPointer, onLine: ([UInt8]) -> Void) {
        var rest = chunk[...]
        while let newline = rest.firstIndex(of: 0x0A) {
            partial.append(contentsOf: rest[..<newline])
            rest = rest[(newline + 1)...]
            flush(onLine)
        }
        partial.append(contentsOf: rest)
        if partial.count >= Self.maximumLength { flush(onLine) }
    }

    /// Hands over what came after the last newline, if anything did.
    mutating func finish(onLine: ([UInt8]) -> Void) {
        if !partial.isEmpty { flush(onLine) }
    }

    private mutating func flush(_ onLine: ([UInt8]) -> Void) {
        if partial.last == 0x0D { partial.removeLast() }
        onLine(partial)
        partial.removeAll(keepingCapacity: partial.count <= 4096)
    }
}
