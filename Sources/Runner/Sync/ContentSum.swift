/// What is known of a content without it.
enum ContentSum: Sendable, Hashable {
    /// What `cksum` prints.
    case cksum(UInt32, count: Int)
    /// What `md5sum` prints.
    case md5([UInt8])

    /// The program that the container has for it: each has one of them.
    enum Program: String, Sendable, Hashable, CaseIterable {
        case cksum
        /// Debian's busybox has no cksum.
        case md5sum
    }
}

/// Makes a ``ContentSum`` of what it is handed.
struct ContentSummer: Sendable {
    private enum State: Sendable {
        case cksum(PosixChecksum)
        case md5(MD5)
    }

    /// Bytes of the content so far.
    private(set) var count = 0
    private var state: State

    init(_ program: ContentSum.Program) {
        state = program == .cksum ? .cksum(PosixChecksum()) : .md5(MD5())
    }

    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        count += bytes.count
        switch state {
        case .cksum(var sum):
            sum.take(bytes)
            state = .cksum(sum)
        case .md5(var sum):
            sum.take(bytes)
            state = .md5(sum)
        }
    }

    var sum: ContentSum {
        switch state {
        case .cksum(let sum): .cksum(sum.value, count: count)
        case .md5(let sum): .md5(sum.digits)
        }
    }
}
