import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A folder of this run's own for files that are handed between programs; nobody else can read it.
public final class ScratchFolder: Sendable {
    /// Its path.
    public let path: String
    private let count = Atomic(0)

    /// Makes the folder in the system's folder for temporary files.
    /// - Throws: ``TargetError`` where it can't be made.
    public init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/devloop-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw TargetError(
                "no temporary folder could be made in \(parent)", details: [String(cString: strerror(errno))],
                advice: "free some room there, or set TMPDIR to another folder")
        }
        path = template.withUnsafeBufferPointer {
            String(decoding: $0.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }

    /// Removes the folder; a program that exits calls this itself.
    public func remove() { rmdir(path) }

    /// A path in the folder that nothing has yet.
    public func newPath() -> String {
        "\(path)/\(count.add(1, ordering: .relaxed).newValue)"
    }

    /// The content of a file; `nil` where it can't be read.
    public func read(_ file: String) -> [UInt8]? {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { _ = Glue.close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = Glue.read(descriptor, &buffer), count > 0 { content += buffer[..<count] }
        return content
    }

    /// Removes a file of the folder, if it is there.
    public func remove(_ file: String) { unlink(file) }
}
