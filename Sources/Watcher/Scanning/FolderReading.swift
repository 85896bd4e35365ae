#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The entries of one folder as they were just read, beside the listing that they replace.
struct FolderReading {
    /// What the new entries mean for the tree.
    struct Difference {
        /// Whether anything differs that is to be reported.
        var counts = false
        /// Whether a file changed within a second of the reading.
        var isYoung = false
        /// The entries that are folders to look at; those without an id are new.
        var folders: [Int] = []
        /// The ids of folders that are gone.
        var removed: [Int32] = []
        /// The ids of folders in whose place there is another one.
        var replaced: [Int32] = []
    }

    private(set) var listing = DirectoryListing()
    private let old: DirectoryListing
    /// For each entry its place in the old listing; nil for a name that was not there.
    private var oldPlaces: [Int?] = []
    private var isKept: [Bool]
    /// The time of day before anything was read, in nanoseconds since 1970.
    private let start = timeOfDay()

    /// Reads a folder from where it is rewound to.
    init(
        _ directory: OpenDirectory, replacing old: DirectoryListing, judge: NameJudge,
        status: UnsafeMutablePointer<stat>
    ) throws(SystemError) {
        self.old = old
        isKept = Array(repeating: false, count: old.entries.count)
        listing.reserveCapacity(old.entries.count, nameBytes: old.names.count)
        var judge = judge
        let known = old.entries.isEmpty ? nil : NameIndex(old)
        while let pointer = try directory.next() {
            let name = UnsafeRawBufferPointer(cString: pointer)
            let place = known?.position(of: name)
            // Some file systems list a name twice while it is renamed.
            if let place, isKept[place] { continue }
            let flags = place.map { old.entries[$0].flags } ?? judge.flags(of: name)
            var stamp = Stamp()
            if !flags.contains(.ignored) {
                guard try directory.readStatus(of: pointer, into: status) else { continue }
                stamp = Stamp(status.pointee)
            }
            let child = place.map { old.entries[$0].child } ?? -1
            listing.append(name, stamp: stamp, flags: flags, child: stamp.isFolder ? child : -1)
            oldPlaces.append(place)
            if let place { isKept[place] = true }
        }
        listing.shrink()
    }

    /// Compares what was read with the old listing.
    func difference() -> Difference {
        var difference = Difference()
        for (index, entry) in listing.entries.enumerated() where !entry.flags.contains(.ignored) {
            let before = oldPlaces[index].map { old.entries[$0] }
            if entry.flags.contains(.counts), before.map({ DirectoryListing.isModified($0, entry) }) ?? true {
                difference.counts = true
            }
            if entry.stamp.isFolder {
                if before?.stamp != entry.stamp { difference.folders.append(index) }
                if entry.isDirectory, before?.stamp.inode != entry.stamp.inode {
                    difference.replaced.append(entry.child)
                }
            } else {
                if entry.stamp.isYoung(at: start) { difference.isYoung = true }
                if let before, before.isDirectory { difference.removed.append(before.child) }
            }
        }
        for (entry, isKept) in zip(old.entries, isKept) where !isKept {
            if entry.flags.contains(.counts) { difference.counts = true }
            if entry.isDirectory { difference.removed.append(entry.child) }
        }
        return difference
    }
}
