#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Synchronization

/// The two ends of a pipe, closed on exec.
final class DescriptorPair: Sendable {
    let reading: Int32
    let writing: Int32
    private let isWritingOpen = Mutex(true)

    private init(reading: Int32, writing: Int32) {
        self.reading = reading
        self.writing = writing
    }

    /// A new pipe. Running out of descriptors ends the program: nothing can be run without them.
    static func pipe() -> DescriptorPair {
        guard let (reading, writing) = Descriptors.pairClosedOnExec(Glue.pipe) else {
            preconditionFailure("no more file descriptors: raise the limit with ulimit -n")
        }
        return DescriptorPair(reading: reading, writing: writing)
    }

    /// Closes the writing end, once.
    func closeWriting() {
        isWritingOpen.withLock {
            if $0 { _ = Glue.close(writing) }
            $0 = false
        }
    }

    /// Closes both ends.
    func close() {
        closeWriting()
        _ = Glue.close(reading)
    }
}

/// Keeps descriptors from leaking into children.
///
/// Where a call can't open a descriptor closed-on-exec in one step (`pipe2` is not in Swift's Glibc module, and Darwin
/// has none), no child may start between the two steps.
enum Descriptors {
    private static let opening = Mutex(())

    /// How many descriptors there may be: as many as the system lets us have, up to some thousands.
    static let raisedLimit: Int = {
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 256 }
        let wanted = min(limit.rlim_max, 10_000)
        if limit.rlim_cur < wanted {
            var raised = limit
            raised.rlim_cur = wanted
            if setrlimit(resource, &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }()

    /// Opens a descriptor and marks it closed-on-exec before any child can start.
    static func closedOnExec(_ open: () -> Int32) -> Int32 {
        opening.withLock { _ in
            let descriptor = open()
            if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
            return descriptor
        }
    }

    /// The same for two at once; `nil` where the call fails.
    static func pairClosedOnExec(_ open: (inout [Int32]) -> Int32) -> (Int32, Int32)? {
        var ends: [Int32] = [-1, -1]
        let isOpen = opening.withLock { _ in
            guard open(&ends) == 0 else { return false }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            return true
        }
        return isOpen ? (ends[0], ends[1]) : nil
    }

    /// Runs what starts a child while nothing is half-opened.
    static func betweenOpenings<Result>(_ start: () -> Result) -> Result {
        // The lock's region checker can't see that `start` stays on this thread.
        withoutActuallyEscaping(start) { start in opening.withLock { _ in start() } }
    }
}

/// libc calls whose names our own methods shadow.
package enum Glue {
    static func close(_ descriptor: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.close(descriptor)
        #elseif canImport(Musl)
            Musl.close(descriptor)
        #else
            Darwin.close(descriptor)
        #endif
    }

    static func pipe(_ ends: inout [Int32]) -> Int32 {
        #if canImport(Glibc)
            Glibc.pipe(&ends)
        #elseif canImport(Musl)
            Musl.pipe(&ends)
        #else
            Darwin.pipe(&ends)
        #endif
    }

    static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #elseif canImport(Musl)
            Musl.write(descriptor, bytes.baseAddress, bytes.count)
        #else
            Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }

    static func kill(_ pid: pid_t, _ signal: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.kill(pid, signal)
        #elseif canImport(Musl)
            Musl.kill(pid, signal)
        #else
            Darwin.kill(pid, signal)
        #endif
    }

    static func read(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
            Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }

    /// The names in a folder, in no order; none where it can't be read. What is not UTF-8 is repaired.
    package static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            // By its address: an entry is only as long as its name, which a copy would read past.
            let address = UnsafeRawPointer(entry) + (MemoryLayout<dirent>.offset(of: \dirent.d_name) ?? 0)
            let name = String(cString: address.assumingMemoryBound(to: CChar.self))
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Everything that is left to read, or a little more than `limit` bytes of it; `nil` and `errno` where that fails.
    package static func readToEnd(_ descriptor: Int32, limit: Int = .max) -> [UInt8]? {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while content.count <= limit {
            let count = read(descriptor, &chunk)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            guard count > 0 else { break }
            content += chunk[..<count]
        }
        return content
    }

    static func connect(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t) -> Int32 {
        #if canImport(Glibc)
            Glibc.connect(descriptor, address, size)
        #elseif canImport(Musl)
            Musl.connect(descriptor, address, size)
        #else
            Darwin.connect(descriptor, address, size)
        #endif
    }

    static func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ flags: Int32) -> Int {
        #if canImport(Glibc)
            Glibc.send(descriptor, bytes.baseAddress, bytes.count, flags)
        #elseif canImport(Musl)
            Musl.send(descriptor, bytes.baseAddress, bytes.count, flags)
        #else
            Darwin.send(descriptor, bytes.baseAddress, bytes.count, flags)
        #endif
    }

    static func read(_ descriptor: Int32, _ bytes: inout [UInt8]) -> Int {
        bytes.withUnsafeMutableBytes { read(descriptor, $0) }
    }
}
