#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An entry, and what is at its source.
struct SyncItem: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case removal
        case folder
        case file
        case link(to: String)
    }

    var path: String
    var kind: Kind
    var source = ""
    var mode: UInt16 = 0
    /// Of the source's last change, in seconds since 1970.
    var time = 0
    var owner: String?

    /// How its entry in an archive begins.
    /// - Parameter size: a file's.
    func header(size: Int = 0) -> TarHeader? {
        let name = String(path.dropFirst())
        return switch kind {
        case .removal: nil
        // It gets its own mode when what is in it is there.
        case .folder: TarHeader(path: "\(name)/", kind: .folder, mode: mode | 0o700, time: time, owner: owner)
        case .file: TarHeader(path: name, kind: .file(size: size), mode: mode, time: time, owner: owner)
        case .link(let target):
            TarHeader(path: name, kind: .link(to: target), mode: 0o777, time: time, owner: owner)
        }
    }
}

/// What is to be sent, in its order: removals with the deepest first, folders with the highest first, files, links.
/// A path that is to be removed and to be there is both, in this order.
struct SyncItems: Sendable, Hashable {
    var items: [SyncItem] = []
    var vanished: [String] = []
    var skipped: [String] = []

    /// Looks at the sources, which blocks. Of several entries for a path the last one counts.
    /// - Throws: ``SyncError/failed(_:)`` where a source can't be looked at, or a path is none.
    init(_ entries: [SyncEntry]) throws(SyncError) {
        // By bytes: to String, some names that differ on disk are equal.
        var removals: [[UInt8]: SyncItem] = [:]
        var others: [[UInt8]: SyncItem] = [:]
        for entry in entries {
            guard Self.isPath(entry.path) else {
                throw .failed(SyncReason(.source, "\(entry.path) is no absolute path"))
            }
            let key = Array(entry.path.utf8)
            guard let source = entry.source else {
                removals[key] = SyncItem(path: entry.path, kind: .removal)
                continue
            }
            switch try Self.look(at: source) {
            case nil: vanished.append(entry.path)
            case .some(nil): skipped.append(entry.path)
            case .some(.some(var item)):
                item.path = entry.path
                item.owner = entry.owner
                if let mode = entry.mode { item.mode = mode }
                others[key] = item
            }
        }
        func sorted(_ items: [[UInt8]: SyncItem], _ isIn: (SyncItem) -> Bool) -> [SyncItem] {
            items.filter { isIn($0.value) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
        }
        items =
            sorted(removals) { _ in true }.reversed() + sorted(others) { $0.kind == .folder }
            + sorted(others) { $0.kind == .file }
            + sorted(others) { if case .link = $0.kind { true } else { false } }
    }

    /// Absolute, without empty, `.` and `..` parts, and not the root itself.
    static func isPath(_ path: String) -> Bool {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return parts.count > 1 && parts[0].isEmpty && !path.utf8.contains(0)
            && parts.dropFirst().allSatisfy {
                !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8)
            }
    }

    /// - Returns: `nil` where nothing is there; an empty one where it is nothing that can be sent.
    private static func look(at source: String) throws(SyncError) -> SyncItem?? {
        var status = stat()
        guard lstat(source, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .failed(SyncReason(.source, "\(source) can't be read: \(String(cString: strerror(errno)))"))
        }
        let stamp = SourceFile.Stamp(status)
        func item(_ kind: SyncItem.Kind) -> SyncItem {
            SyncItem(
                path: "", kind: kind, source: source, mode: UInt16(status.st_mode & 0o7777), time: stamp.seconds)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .some(item(.file))
        case S_IFDIR: return .some(item(.folder))
        case S_IFLNK:
            var target = [UInt8](repeating: 0, count: Int(PATH_MAX) + 1)
            let count = target.withUnsafeMutableBytes {
                readlink(source, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
            }
            guard count >= 0 else { return nil }
            return .some(item(.link(to: String(decoding: target[..<count], as: UTF8.self))))
        default: return .some(nil)
        }
    }
}
