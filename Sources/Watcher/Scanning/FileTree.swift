/// A picture of one tree: what was reported last, and what has been seen since.
///
/// Folders have ids, so that hints and passes can name them without paths. A folder whose names or stamps differ from
/// what was reported keeps its reported listing as `base` until the next report; a folder that is gone stays as a
/// ghost until then, so that a folder that is deleted and created anew is compared with what it was.
struct FileTree: Sendable {
    struct Directory: Sendable {
        var name: [UInt8]
        var parent: Int32
        var listing = DirectoryListing()
        /// The listing that was reported last, if it is another one.
        var base: DirectoryListing?
        /// The kernel's handle of the watch on it, or -1.
        var watch: Int32 = -1
        /// Whether it is a ghost, or its id is free.
        var isGone = false
        /// Whether it could be read when it was looked at last.
        var isUnreadable = false
        /// When a difference that counts was seen last.
        var changed: ContinuousClock.Instant?
    }

    private struct Place: Hashable {
        let parent: Int32
        let name: [UInt8]
    }

    static let root: Int32 = 0
    private(set) var directories = [Directory(name: [], parent: -1)]
    private var free: [Int32] = []
    private var ghosts: [Place: Int32] = [:]
    /// Every folder with a `base`.
    private(set) var pending: [Int32] = []
    /// The folders with entries that the last report named and that the next one names again.
    private var doubted: Set<Int32> = []

    subscript(id: Int32) -> Directory {
        get { directories[Int(id)] }
        _modify { yield &directories[Int(id)] }
    }

    /// The ids of the folders that exist.
    var ids: some Sequence<Int32> {
        directories.indices.lazy.filter { !directories[$0].isGone }.map { Int32($0) }
    }

    func isPresent(_ id: Int32) -> Bool {
        directories.indices.contains(Int(id)) && !directories[Int(id)].isGone
    }

    /// The path of a folder relative to the root, without a slash at its end; empty for the root.
    func path(of id: Int32) -> [UInt8] {
        var parts: [[UInt8]] = []
        var id = id
        while id != Self.root {
            parts.append(self[id].name)
            id = self[id].parent
        }
        return Array(parts.reversed().joined(separator: [Ascii.slash]))
    }

    /// Records a folder that was found under `parent`: one that was there before the last report keeps its id.
    mutating func add(_ name: [UInt8], under parent: Int32) -> Int32 {
        if let ghost = ghosts.removeValue(forKey: Place(parent: parent, name: name)) {
            self[ghost].isGone = false
            return ghost
        }
        let directory = Directory(name: name, parent: parent, base: DirectoryListing())
        let id: Int32
        if let reused = free.popLast() {
            id = reused
            self[id] = directory
        } else {
            id = Int32(directories.count)
            directories.append(directory)
        }
        pending.append(id)
        return id
    }

    /// Replaces a folder's listing. Unless the difference counts, the report is not affected.
    mutating func replace(_ listing: DirectoryListing, of id: Int32, counts: Bool, at instant: ContinuousClock.Instant)
    {
        if counts { keepBase(of: id, at: instant) }
        self[id].listing = listing
    }

    /// Keeps what was reported of a folder, before its listing is changed in place.
    mutating func keepBase(of id: Int32, at instant: ContinuousClock.Instant) {
        self[id].changed = instant
        guard self[id].base == nil else { return }
        self[id].base = self[id].listing
        pending.append(id)
    }

    /// Empties a folder and everything below it, and returns whether anything that counts was there, and the watches
    /// to be removed.
    mutating func remove(_ id: Int32, at instant: ContinuousClock.Instant) -> (
        counts: Bool, watches: [(id: Int32, watch: Int32)]
    ) {
        var counted = false
        var watches: [(id: Int32, watch: Int32)] = []
        var rest = [id]
        while let id = rest.popLast() {
            for entry in self[id].listing.entries {
                if entry.isDirectory { rest.append(entry.child) }
                if entry.flags.contains(.counts) { counted = true }
            }
            if self[id].watch >= 0 { watches.append((id, self[id].watch)) }
            replace(DirectoryListing(), of: id, counts: true, at: instant)
            self[id].watch = -1
            guard id != Self.root else { continue }
            self[id].isGone = true
            ghosts[Place(parent: self[id].parent, name: self[id].name)] = id
        }
        return (counted, watches)
    }

    /// Makes what was seen last what is reported, and says nothing of it.
    mutating func reportSilently() {
        for id in pending { self[id].base = nil }
        forgetGhosts()
        pending.removeAll()
    }

    private mutating func forgetGhosts() {
        for ghost in ghosts.values {
            self[ghost] = Directory(name: [], parent: -1, isGone: true)
            free.append(ghost)
        }
        ghosts.removeAll()
    }

    /// Makes what was seen last what is reported, and returns the difference as paths.
    ///
    /// - Parameter unsureSince: entries that were seen to change since then are reported again next time, because they
    ///   may have changed once more without a trace.
    mutating func report(unsureSince: ContinuousClock.Instant? = nil) -> [(path: [UInt8], kind: Change.Kind)] {
        var changes: [(path: [UInt8], kind: Change.Kind)] = []
        var unsure: [Int32] = []
        for id in pending {
            guard let base = self[id].base else { continue }
            let listing = self[id].listing
            let differences = listing.differences(from: base)
            var folder = differences.isEmpty ? [] : path(of: id)
            if !folder.isEmpty { folder.append(Ascii.slash) }
            for difference in differences {
                switch difference {
                case .created(let index): changes.append((listing.withName(at: index) { folder + $0 }, .created))
                case .modified(let index): changes.append((listing.withName(at: index) { folder + $0 }, .modified))
                case .deleted(let index): changes.append((base.withName(at: index) { folder + $0 }, .deleted))
                }
            }
            self[id].base = nil
            if let unsureSince, let changed = self[id].changed, changed >= unsureSince, !self[id].isGone {
                self[id].base = Self.doubting(differences, in: listing)
                if self[id].base != nil { unsure.append(id) }
            }
        }
        forgetGhosts()
        pending = unsure
        doubted = Set(unsure)
        return changes
    }

    /// Gives up the doubts of the last report, but for some. What differs goes on being reported.
    /// - Parameter isKept: whether to go on doubting an entry of a folder.
    mutating func dropDoubts(unless isKept: (_ folder: Int32, _ name: UnsafeRawBufferPointer) -> Bool) {
        for id in doubted where !self[id].isGone {
            guard var base = self[id].base else { continue }
            self[id].base = nil
            var isAnyLeft = false
            for index in base.entries.indices where base.entries[index].flags.contains(.unsure) {
                if base.withName(at: index, { isKept(id, $0) }) {
                    isAnyLeft = true
                } else {
                    base.entries[index].flags.remove(.unsure)
                }
            }
            if isAnyLeft {
                self[id].base = base
            } else {
                doubted.remove(id)
                if self[id].listing.isSame(as: base) {
                    pending.removeAll { $0 == id }
                } else {
                    self[id].base = base
                }
            }
        }
    }

    private static func doubting(
        _ differences: [DirectoryListing.Difference], in listing: DirectoryListing
    ) -> DirectoryListing? {
        var doubted = listing
        var isAny = false
        for difference in differences {
            switch difference {
            case .created(let index), .modified(let index):
                guard !listing.entries[index].isDirectory else { continue }
                doubted.entries[index].flags.insert(.unsure)
                isAny = true
            case .deleted: continue
            }
        }
        return isAny ? doubted : nil
    }
}
