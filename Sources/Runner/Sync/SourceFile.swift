#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file of this machine that is open while it is sent. Blocks.
final class SourceFile {
    /// What tells that a file was written to.
    struct Stamp: Hashable {
        var size: Int
        var seconds: Int
        var nanoseconds: Int
    }

    enum Failure: Error, Hashable {
        /// It is not there any more, or something else is.
        case vanished
        case unreadable(String)
    }

    private let descriptor: Int32
    /// As it was when it was opened.
    let stamp: Stamp
    private(set) var summer: ContentSummer
    /// Whether it was shorter than it was, or written to meanwhile.
    private(set) var isAltered = false

    /// Opens a file; not what a link leads to, and nothing that is no file.
    init(_ path: String, summedBy program: ContentSum.Program) throws(Failure) {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw [ENOENT, ENOTDIR, ELOOP].contains(errno) ? .vanished : .unreadable(String(cString: strerror(errno)))
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            _ = Glue.close(descriptor)
            throw .vanished
        }
        self.descriptor = descriptor
        summer = ContentSummer(program)
        stamp = Stamp(status)
    }

    deinit { _ = Glue.close(descriptor) }

    /// Reads on, and never beyond the size that it had; what has gone since then is zeros.
    /// - Returns: how many bytes there are; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
        let wanted = min(buffer.count, stamp.size - summer.count)
        guard wanted > 0 else {
            var status = stat()
            if fstat(descriptor, &status) != 0 || Stamp(status) != stamp { isAltered = true }
            return 0
        }
        let place = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
        var count = Glue.read(descriptor, place)
        while count < 0 && errno == EINTR { count = Glue.read(descriptor, place) }
        guard count >= 0 else { throw .unreadable(String(cString: strerror(errno))) }
        if count == 0 {
            isAltered = true
            place.initializeMemory(as: UInt8.self, repeating: 0)
            count = wanted
        }
        summer.take(UnsafeRawBufferPointer(rebasing: place[..<count]))
        return count
    }
}

extension SourceFile.Stamp {
    init(_ status: stat) {
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        self.init(size: Int(status.st_size), seconds: time.tv_sec, nanoseconds: time.tv_nsec)
    }
}
