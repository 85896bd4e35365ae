#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a system call left in `errno`.
struct SystemError: Error, Equatable {
    let code: Int32

    static var last: SystemError { SystemError(code: errno) }

    /// Nothing is at that place, or not any more, or something that is no folder.
    var isAbsence: Bool { code == ENOENT || code == ENOTDIR || code == ELOOP }

    var text: String { strerror(code).map { String(cString: $0) } ?? "error \(code)" }
}

func equalBytes(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, _ count: Int) -> Bool {
    memcmp(left, right, count) == 0
}

/// The time of day, in nanoseconds since 1970; 0 if there is none.
func timeOfDay() -> Int64 {
    var time = timespec()
    guard clock_gettime(CLOCK_REALTIME, &time) == 0 else { return 0 }
    return nanoseconds(time)
}

/// The processor time that this thread has used.
func threadTime() -> Duration {
    var time = timespec()
    guard clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 else { return .zero }
    return .nanoseconds(nanoseconds(time))
}

/// Wraps around in the year 2262, which is no harm: the results are compared for difference.
func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
}

extension Stamp {
    init(_ status: stat) {
        self.init(
            inode: UInt64(status.st_ino), size: Int64(status.st_size), modified: nanoseconds(status.modificationTime),
            changed: nanoseconds(status.statusChangeTime), mode: UInt32(status.st_mode))
    }

    /// Whether it is that of a folder.
    var isFolder: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFDIR) }

    /// Whether it changed within a second of this time of day, in nanoseconds since 1970.
    func isYoung(at now: Int64) -> Bool { (changed &- now).magnitude < 1_000_000_000 }
}

extension stat {
    var isDirectory: Bool { st_mode & mode_t(S_IFMT) == mode_t(S_IFDIR) }
}

/// An open folder, and the stream of its names once they are asked for.
///
/// The one who opens it closes it: it is kept in stacks that outlive a scope.
struct OpenDirectory {
    let descriptor: Int32
    private var stream: DirectoryStream?

    /// Opens a folder by its whole path; a symbolic link there is followed.
    init(path: String) throws(SystemError) {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor < 0 { throw .last }
    }

    /// Opens a folder by its name; a symbolic link is not followed.
    init(name: [UInt8], in parent: OpenDirectory) throws(SystemError) {
        descriptor = withUnsafeTemporaryAllocation(of: CChar.self, capacity: name.count + 1) { text in
            for (index, byte) in name.enumerated() { text[index] = CChar(bitPattern: byte) }
            text[name.count] = 0
            return openat(parent.descriptor, text.baseAddress!, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        }
        if descriptor < 0 { throw .last }
    }

    /// Goes to the first name.
    mutating func rewind() throws(SystemError) {
        if let stream { return rewinddir(stream) }
        stream = fdopendir(descriptor)
        if stream == nil { throw .last }
    }

    /// The next name but `.` and `..`, ended by a zero byte and valid until the next call; nil after the last.
    func next() throws(SystemError) -> UnsafeMutableRawPointer? {
        guard let stream else { return nil }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw .last }
                return nil
            }
            let name = UnsafeMutableRawPointer(entry) + Self.nameOffset
            let bytes = name.assumingMemoryBound(to: UInt8.self)
            if bytes[0] == Ascii.dot, bytes[1] == 0 || bytes[1] == Ascii.dot && bytes[2] == 0 { continue }
            return name
        }
    }

    /// The status of the entry itself, not of what it links to. Nothing is opened: a FIFO or a device may be there.
    func status(of name: UnsafeMutableRawPointer, into status: UnsafeMutablePointer<stat>) throws(SystemError) {
        let result = fstatat(
            descriptor, name.assumingMemoryBound(to: CChar.self), status, AT_SYMLINK_NOFOLLOW)
        if result != 0 { throw .last }
    }

    /// The same, but false if the entry is gone since it was listed.
    func readStatus(
        of name: UnsafeMutableRawPointer, into status: UnsafeMutablePointer<stat>
    ) throws(SystemError) -> Bool {
        do {
            try self.status(of: name, into: status)
            return true
        } catch  where error.isAbsence {
            return false
        }
    }

    func close() {
        if let stream {
            closedir(stream)
        } else {
            _ = systemClose(descriptor)
        }
    }

    private static let nameOffset = MemoryLayout<dirent>.offset(of: \dirent.d_name) ?? 0
}

private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
