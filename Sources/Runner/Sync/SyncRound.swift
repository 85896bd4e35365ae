#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What is sent with one script: some of the items, and their archive. Small files are read before it begins, so that what
/// is announced is what comes; large ones are open, and read as they are sent. Used by one thread.
struct SyncRound {
    /// A file, and what the container has to have of it.
    struct File {
        var item: SyncItem
        fileprivate var summer: ContentSummer
        fileprivate var open: SourceFile?

        /// Of what was sent.
        var sum: ContentSum { (open?.summer ?? summer).sum }
        /// Bytes that were sent.
        var count: Int { (open?.summer ?? summer).count }

        /// It was written to while it was sent.
        var isAltered: Bool { open?.isAltered ?? false }
    }

    private enum Part {
        case bytes([UInt8])
        case file(SourceFile)
    }

    private let program: ContentSum.Program
    private(set) var removals: [SyncItem] = []
    private(set) var folders: [SyncItem] = []
    private(set) var files: [File] = []
    private(set) var links: [SyncItem] = []
    private(set) var vanished: [String] = []
    private var parts: [Part] = []
    /// Bytes of the archive.
    private var length = 0
    private var position = 0

    /// Takes from the items as many as one round has room for.
    /// - Throws: ``SyncError/failed(_:)`` where a source can't be read, or goes on changing.
    init(takingFrom items: inout ArraySlice<SyncItem>, summedBy program: ContentSum.Program) throws(SyncError) {
        self.program = program
        var inMemory = 0
        var openFiles = 0
        var taken = 0
        while let item = items.first, taken < Self.itemLimit, inMemory < Self.memoryLimit, openFiles < Self.openLimit {
            items = items.dropFirst()
            taken += 1
            switch item.kind {
            case .removal: removals.append(item)
            case .folder: folders.append(item)
            case .link: links.append(item)
            case .file:
                let before = length
                if try take(file: item) { openFiles += 1 } else { inMemory += length - before }
                continue
            }
            if let header = item.header() { append(header.bytes) }
        }
        if length > 0 { append(TarHeader.end) }
    }

    /// The script that is sent before the archive.
    var script: String {
        SyncScript.round(
            removals: removals.map(\.path), folders: folders.map { ($0.path, $0.mode) },
            files: files.map { ($0.item.path, $0.item.mode) },
            links: links.map { item in
                guard case .link(let target) = item.kind else { return (item.path, "") }
                return (item.path, target)
            }, archive: length)
    }

    /// The archive's next bytes.
    /// - Returns: how many there are; 0 at the end.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(SyncError) -> Int {
        while let part = parts.first {
            switch part {
            case .bytes(let bytes) where position < bytes.count:
                let count = min(buffer.count, bytes.count - position)
                bytes.withUnsafeBytes {
                    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<(position + count)]))
                }
                position += count
                return count
            case .bytes: break
            case .file(let file):
                let count: Int
                do { count = try file.read(into: buffer) } catch {
                    throw .failed(SyncReason(.source, "a file can't be read: \(error)"))
                }
                if count > 0 { return count }
            }
            parts.removeFirst()
            position = 0
        }
        return 0
    }

    /// Items of one script.
    private static let itemLimit = 2000
    /// Bytes of small files that are held.
    private static let memoryLimit = 8 << 20
    /// Large files that are open.
    private static let openLimit = 16
    /// Bytes up to which a file is small.
    private static let smallSize = 256 << 10
    /// How often a small file is read again that changes meanwhile.
    private static let readLimit = 5

    private mutating func append(_ bytes: [UInt8]) {
        length += bytes.count
        if case .bytes(var last) = parts.last {
            // Taken out first: otherwise all of it is copied.
            parts.removeLast()
            last += bytes
            parts.append(.bytes(last))
        } else {
            parts.append(.bytes(bytes))
        }
    }

    /// - Returns: whether it stays open.
    private mutating func take(file item: SyncItem) throws(SyncError) -> Bool {
        do throws(SourceFile.Failure) {
            for attempt in 0..<Self.readLimit {
                if attempt > 0 { usleep(2000 << UInt32(attempt)) }
                let source = try SourceFile(item.source, summedBy: program)
                var item = item
                item.time = source.stamp.seconds
                guard let header = item.header(size: source.stamp.size)?.bytes else { return false }
                if source.stamp.size > Self.smallSize {
                    append(header)
                    parts.append(.file(source))
                    length += source.stamp.size
                    append([UInt8](repeating: 0, count: TarHeader.padding(after: source.stamp.size)))
                    files.append(File(item: item, summer: source.summer, open: source))
                    return true
                }
                guard let content = try Self.content(of: source) else { continue }
                append(header + content + [UInt8](repeating: 0, count: TarHeader.padding(after: content.count)))
                files.append(File(item: item, summer: source.summer))
                return false
            }
        } catch {
            guard case .unreadable(let reason) = error else {
                vanished.append(item.path)
                return false
            }
            throw .failed(SyncReason(.source, "\(item.source) can't be read: \(reason)"))
        }
        throw .failed(SyncReason(.changing, "\(item.source) goes on changing"))
    }

    /// - Returns: `nil` where it was written to meanwhile.
    private static func content(of source: SourceFile) throws(SourceFile.Failure) -> [UInt8]? {
        var content = [UInt8](repeating: 0, count: source.stamp.size)
        var filled = 0
        var failure: SourceFile.Failure?
        content.withUnsafeMutableBytes { buffer in
            do throws(SourceFile.Failure) {
                while case let count = try source.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])), count > 0
                {
                    filled += count
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return source.isAltered ? nil : content
    }
}
