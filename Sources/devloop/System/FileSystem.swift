#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Runner

/// The few questions that devloop asks the file system.
enum FileSystem {
    /// What is at a path, symbolic links followed.
    enum Kind: Sendable {
        case file
        case folder
        /// A FIFO, a socket, a device.
        case other
    }

    /// A file that could not be read.
    struct ReadError: Error, Equatable {
        /// Whether nothing is there.
        var isMissing: Bool
        /// The system's reason.
        var reason: String
    }

    /// What is at a path; `nil` where nothing is, or where it can't be looked at.
    static func kind(of path: String) -> Kind? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        default: return .other
        }
    }

    /// Whether a symbolic link is at a path, wherever it leads.
    static func isSymbolicLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// Whether a path below a folder is a symbolic link, or goes through one after the folder.
    static func hasSymbolicLink(onTheWayFrom folder: String, to path: String) -> Bool {
        let prefix = folder == "/" ? "" : folder
        var way = prefix
        for part in path.dropFirst(prefix.count).split(separator: "/") {
            way += "/\(part)"
            if isSymbolicLink(way) { return true }
        }
        return false
    }

    /// Where a file is, whichever links lead to its folder. A link that the file itself is stays: it is read where it is.
    static func place(of path: String) -> String {
        guard let folder = realPath(PathName.directory(of: path)) else { return path }
        return PathName.absolute(PathName.lastComponent(of: path), in: folder)
    }

    /// The path without links in it; `nil` where nothing is there.
    static func realPath(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// The names in a folder, in no order; none where it can't be read. What is not UTF-8 is repaired.
    static func names(in folder: String) -> [String] { Glue.names(in: folder) }

    /// The whole of a regular file.
    /// - Parameter limit: bytes; a longer file is refused.
    /// - Throws: ``ReadError``. Anything but a regular file is refused without being opened, so that a FIFO can't
    ///   block.
    static func read(_ path: String, limit: Int = 1 << 20) throws(ReadError) -> [UInt8] {
        switch kind(of: path) {
        case .file?: break
        case nil: throw ReadError(isMissing: errno == ENOENT || errno == ENOTDIR, reason: lastError)
        case .folder?: throw ReadError(isMissing: false, reason: "it is a folder")
        case .other?: throw ReadError(isMissing: false, reason: "it is not a regular file")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw ReadError(isMissing: errno == ENOENT, reason: lastError) }
        defer { close(descriptor) }
        guard let content = Glue.readToEnd(descriptor, limit: limit) else {
            throw ReadError(isMissing: false, reason: lastError)
        }
        guard content.count <= limit else {
            throw ReadError(isMissing: false, reason: "it is larger than \(limit) bytes")
        }
        return content
    }

    /// Writes a file that only its owner can read, and makes the folders that it is in. It appears whole or not at all.
    /// - Throws: ``ReadError``.
    static func write(_ bytes: [UInt8], to path: String) throws(ReadError) {
        makeFolders(above: path)
        let temporary = "\(path).\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(of: temporary) }
        defer { unlink(temporary) }
        let result = writeAll(bytes[...], to: descriptor)
        guard close(descriptor) == 0, result == .written, rename(temporary, path) == 0 else { throw failure(of: path) }
    }

    /// Makes the folders that a path is in, as far as that can be done: whether it could shows when the file is made.
    static func makeFolders(above path: String) {
        for index in path.indices.dropFirst() where path[index] == "/" { mkdir(String(path[..<index]), 0o700) }
    }

    private static func failure(of path: String) -> ReadError {
        ReadError(isMissing: errno == ENOENT, reason: "\(path): \(lastError)")
    }

    /// How many processors there are.
    static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// The current folder; `/` where it was deleted.
    static var currentDirectory: String {
        guard let buffer = getcwd(nil, 0) else { return "/" }
        defer { free(buffer) }
        return String(cString: buffer)
    }

    private static var lastError: String { String(cString: strerror(errno)) }
}
