#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Synchronization

/// Finds the folders of a large tree that differ from their listings, on several cores at once.
///
/// It only reads: the few that differ are looked at by the tree's ``TreeScanner`` afterwards, as always.
struct FolderSurvey: Sendable {
    let rootPath: String
    let tree: FileTree
    /// Asked between two folders.
    let isStopped: @Sendable () -> Bool

    /// With fewer folders than this, starting threads costs more than they save.
    static let worthwhile = 1_000
    /// Files wait for the disk or for the kernel's locks: more threads than this do not make it quicker.
    private static let mostThreads = 4

    /// How many threads look at once.
    static var threads: Int { min(mostThreads, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// Those of these folders that differ, or cannot be read, in the same order. Each thread takes a row of neighbours,
    /// so that it opens the folders above them once.
    func differing(of ids: [Int32], threads: Int = Self.threads) -> [Int32] {
        let length = (ids.count + threads - 1) / max(1, threads)
        guard threads > 1, length > 0 else { return differing(ofRow: ids[...]) }
        let rows = stride(from: 0, to: ids.count, by: length).map { ids[$0..<min($0 + length, ids.count)] }
        let found = Mutex<[Int: [Int32]]>([:])
        var workers: [WorkerThread] = []
        var own = [0]
        for (index, row) in rows.enumerated().dropFirst() {
            let worker = try? WorkerThread { [self] in
                let result = differing(ofRow: row)
                found.withLock { $0[index] = result }
            }
            if let worker { workers.append(worker) } else { own.append(index) }
        }
        for index in own {
            let result = differing(ofRow: rows[index])
            found.withLock { $0[index] = result }
        }
        for worker in workers { worker.join() }
        let results = found.withLock { $0 }
        return rows.indices.flatMap { results[$0] ?? [] }
    }

    private func differing(ofRow ids: ArraySlice<Int32>) -> [Int32] {
        var opener = DirectoryOpener(rootPath: rootPath)
        defer { opener.closeAll() }
        let status = UnsafeMutablePointer<stat>.allocate(capacity: 1)
        defer { status.deallocate() }
        return ids.filter { id in
            guard tree.isPresent(id), !isStopped() else { return true }
            do {
                var directory = try opener.open(id, in: tree)
                try directory.rewind()
                opener.update(directory)
                return try !tree[id].listing.isSame(as: directory, status: status) { _, _ in false }
            } catch {
                return true
            }
        }
    }
}

extension DirectoryListing {
    /// Compares an open folder with this listing, entry by entry in step.
    /// - Parameter isAccepted: told the place and the stamp of each entry whose stamp differs; `false` ends the
    ///   comparison.
    /// - Returns: whether the names, their order and their kinds are the same, and all other stamps were accepted.
    @inline(__always)
    func isSame(
        as directory: OpenDirectory, status: UnsafeMutablePointer<stat>, isAccepted: (Int, Stamp) -> Bool
    ) throws(SystemError) -> Bool {
        var index = 0
        while let name = try directory.next() {
            guard index < entries.count, isName(at: index, equalTo: UnsafeRawBufferPointer(cString: name)) else {
                return false
            }
            let entry = entries[index]
            if !entry.flags.contains(.ignored) {
                guard try directory.readStatus(of: name, into: status), status.pointee.isDirectory == entry.isDirectory
                else { return false }
                let stamp = Stamp(status.pointee)
                if stamp != entry.stamp, !isAccepted(index, stamp) { return false }
            }
            index += 1
        }
        return index == entries.count
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes of a text before the zero that ends it.
    init(cString: UnsafeMutableRawPointer) {
        self.init(start: cString, count: strlen(cString.assumingMemoryBound(to: CChar.self)))
    }
}
