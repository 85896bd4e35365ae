#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Standard output and standard error.
enum StandardStream: Int32, Sendable, CaseIterable {
    case output = 1
    case error = 2

    /// Whether it is a terminal.
    var isTerminal: Bool { isatty(rawValue) == 1 }

    /// How many characters a line of it holds now; `nil` where it is no terminal, or one that doesn't say.
    var columns: Int? {
        var size = winsize()
        guard ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Opens `/dev/null` for each of the three standard streams that the program was started without, so that no
    /// other file gets its number and is written to by mistake. To be called before anything is opened.
    static func openMissing() {
        for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) == -1 {
            _ = open("/dev/null", O_RDWR)
        }
    }
}

/// How a write ended.
enum WriteResult: Sendable, Equatable {
    /// All was written.
    case written
    /// Nobody reads any more, and nobody will.
    case hungUp
    /// It failed for now, a full disk for instance.
    case failed
}

/// Writes all bytes, however many calls it takes. Blocks while the reader is slow, also where the descriptor was made
/// non-blocking by a program that shares it.
func writeAll(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> WriteResult {
    var rest = bytes
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count >= 0 {
            rest = rest.dropFirst(count)
            continue
        }
        switch errno {
        case EINTR: continue
        case EAGAIN:
            var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            _ = poll(&waiting, 1, -1)
        case EPIPE, EIO, ENXIO, EBADF: return .hungUp
        default: return .failed
        }
    }
    return .written
}
