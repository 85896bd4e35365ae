#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Lets one thread sleep until a descriptor is readable, a time has come, or another thread wakes it through a pipe.
final class WakeSignal: Sendable {
    private let readEnd: Int32
    private let writeEnd: Int32

    init() throws(SystemError) {
        let ends = try pipeClosedOnExec()
        (readEnd, writeEnd) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// Wakes the sleeper, or keeps it from falling asleep the next time.
    func wake() {
        var byte: UInt8 = 0
        // A full pipe has enough to wake it.
        _ = write(writeEnd, &byte, 1)
    }

    /// Sleeps until the deadline at the latest.
    func sleep(until deadline: ContinuousClock.Instant, watching descriptors: [Int32]) {
        let rest = max(.zero, min(deadline - .now, .seconds(60)))
        // Rounded up: waking early means waking twice.
        let milliseconds = Int32((rest / .milliseconds(1)).rounded(.up))
        var polled = (descriptors + [readEnd]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        guard poll(&polled, nfds_t(polled.count), milliseconds) > 0 else { return }
        var bytes: (UInt64, UInt64) = (0, 0)
        while read(readEnd, &bytes, 16) > 0 {}
    }
}
