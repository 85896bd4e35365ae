import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A folder of this run's own for files that are handed between programs; nobody else can read it.
///
/// A lock of the kernel's is held on it: it ends with the process, however that ends, so that the next run knows what
/// one that was killed left behind, and removes it.
package final class ScratchFolder: Sendable {
    /// Its path.
    package let path: String
    private let lock: Int32
    private let count = Atomic(0)

    /// Makes the folder in the system's folder for temporary files.
    /// - Throws: ``TargetError`` where it can't be made.
    package convenience init() throws {
        try self.init(in: Self.preferred(TemporaryPlace.folders()))
    }

    /// Folders in which a socket can be made come first: its path may not be as long as others.
    static func preferred(_ folders: [String]) -> [String] {
        let room = LocalSocket.pathLimit - "/\(prefix)-XXXXXX/0123456789".utf8.count
        return folders.filter { $0.utf8.count <= room } + folders.filter { $0.utf8.count > room }
    }

    init(in folders: [String]) throws {
        for folder in folders { Self.removeLeftovers(in: folder) }
        // Between the making and the locking another run may take it for a leftover, and remove it: then once more.
        for _ in 0..<100 {
            guard let (_, path) = TemporaryPlace.make(Self.prefix, in: folders, { mkdtemp($0) }) else { break }
            let lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            if lock >= 0 {
                _ = flock(lock, LOCK_EX)
                if Self.isThere(path, as: lock) {
                    (self.path, self.lock) = (path, lock)
                    return
                }
                _ = Glue.close(lock)
            }
        }
        throw TargetError(
            "no temporary folder could be made in \(folders.joined(separator: " or "))",
            details: [String(cString: strerror(errno))],
            advice: "free some room there, or set TMPDIR to another folder")
    }

    deinit { _ = Glue.close(lock) }

    /// Removes the folder with all that is in it; a program that exits calls this itself.
    package func remove() { Self.remove(path) }

    /// A path in the folder that nothing has yet.
    package func newPath() -> String {
        "\(path)/\(count.add(1, ordering: .relaxed).newValue)"
    }

    /// The content of a file; `nil` where it can't be read.
    package func read(_ file: String) -> [UInt8]? {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { _ = Glue.close(descriptor) }
        return Glue.readToEnd(descriptor)
    }

    /// Removes a file of the folder, if it is there.
    package func remove(_ file: String) { unlink(file) }

    // MARK: - What others left behind

    private static let prefix = "devloop-run"

    /// Removes the folders whose runs are over.
    private static func removeLeftovers(in folder: String) {
        for name in Glue.names(in: folder)
        where name.hasPrefix("\(prefix)-") && name.utf8.count == prefix.utf8.count + 7 {
            let path = "\(folder)/\(name)"
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { _ = Glue.close(descriptor) }
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_uid == geteuid(), flock(descriptor, LOCK_EX | LOCK_NB) == 0
            else { continue }
            remove(path)
        }
    }

    /// Removes a folder of ours. One that holds something else than the files that we name is somebody's own: it stays.
    private static func remove(_ path: String) {
        let names = Glue.names(in: path)
        guard names.allSatisfy({ UInt($0) != nil }) else { return }
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    private static func isThere(_ path: String, as descriptor: Int32) -> Bool {
        var (named, opened) = (stat(), stat())
        return stat(path, &named) == 0 && fstat(descriptor, &opened) == 0 && named.st_ino == opened.st_ino
            && named.st_dev == opened.st_dev
    }
}
