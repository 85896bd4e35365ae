import Synchronization

/// The last lines of a program's output, for the message about its failure.
package final class OutputTail: Sendable {
    private let limit: Int
    private let kept = Mutex<[String]>([])

    /// Keeps this many lines at the most.
    package init(limit: Int) { self.limit = limit }

    /// Takes the next line.
    package func append(_ line: [UInt8]) {
        // A line of a megabyte says no more than its beginning.
        let text = String(decoding: line.prefix(2000), as: UTF8.self)
        kept.withLock {
            if $0.count == limit { $0.removeFirst() }
            $0.append(text)
        }
    }

    /// The last lines, oldest first.
    package var lines: [String] { kept.withLock { $0 } }
}
