/// What tells one state of a file from another. Compared for difference only, never for order: a clock may be set back.
struct Stamp: Sendable, Equatable {
    var inode: UInt64 = 0
    /// Bytes.
    var size: Int64 = 0
    /// Nanoseconds since 1970: when the contents were written last, as programs may set it.
    var modified: Int64 = 0
    /// Nanoseconds since 1970: when contents or attributes changed last, as the kernel keeps it.
    var changed: Int64 = 0
    var mode: UInt32 = 0
}

/// The names in one folder and their stamps, in the order in which the file system lists them.
///
/// That order stays as long as the folder's names do, so that comparing a fresh look with a listing needs no sorting
/// and no memory: entry by entry, in step. Only when the names have changed are they looked up (``NameIndex``).
struct DirectoryListing: Sendable {
    struct Flags: OptionSet, Sendable {
        let rawValue: UInt8
        /// A change of it is reported.
        static let counts = Flags(rawValue: 1)
        /// It is neither stat-ed nor entered.
        static let ignored = Flags(rawValue: 2)
        /// Reported as modified whatever its stamp says: it may have been rewritten within one tick of the clock.
        static let unsure = Flags(rawValue: 4)
    }

    struct Entry: Sendable {
        var stamp = Stamp()
        var nameOffset: UInt32
        var nameLength: UInt16
        var flags: Flags
        /// The id of the folder that this entry is, or -1.
        var child: Int32 = -1

        var isDirectory: Bool { child >= 0 }
    }

    private(set) var names: [UInt8] = []
    var entries: [Entry] = []

    mutating func reserveCapacity(_ count: Int, nameBytes: Int) {
        entries.reserveCapacity(count)
        names.reserveCapacity(nameBytes)
    }

    mutating func append(_ name: UnsafeRawBufferPointer, stamp: Stamp, flags: Flags, child: Int32 = -1) {
        entries.append(
            Entry(
                stamp: stamp, nameOffset: UInt32(names.count), nameLength: UInt16(name.count), flags: flags,
                child: child))
        names.append(contentsOf: name)
    }

    /// Gives back what growing the arrays took too much.
    mutating func shrink() {
        if names.capacity > names.count + names.count / 8 { names = names.withUnsafeBufferPointer { Array($0) } }
        if entries.capacity > entries.count + entries.count / 8 {
            entries = entries.withUnsafeBufferPointer { Array($0) }
        }
    }

    func withName<Result>(at index: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let entry = entries[index]
        return names.withUnsafeBytes { bytes in
            body(UnsafeRawBufferPointer(rebasing: bytes[Int(entry.nameOffset)...].prefix(Int(entry.nameLength))))
        }
    }

    func isName(at index: Int, equalTo name: UnsafeRawBufferPointer) -> Bool {
        let entry = entries[index]
        guard Int(entry.nameLength) == name.count else { return false }
        return names.withUnsafeBytes { bytes in
            equalBytes(bytes.baseAddress! + Int(entry.nameOffset), name.baseAddress!, name.count)
        }
    }

    /// Where `name` stands, found by looking at every entry; for a single question.
    func position(of name: UnsafeRawBufferPointer) -> Int? {
        entries.indices.first { isName(at: $0, equalTo: name) }
    }
}

/// Finds names in one listing, for as long as a comparison takes: a hash table of entry numbers.
struct NameIndex {
    private let listing: DirectoryListing
    private var slots: [Int32]

    init(_ listing: DirectoryListing) {
        self.listing = listing
        var size = 8
        while size < listing.entries.count * 2 { size *= 2 }
        slots = Array(repeating: -1, count: size)
        for index in listing.entries.indices {
            var slot = listing.withName(at: index, Self.hash) & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = Int32(index)
        }
    }

    func position(of name: UnsafeRawBufferPointer) -> Int? {
        var slot = Self.hash(name) & (slots.count - 1)
        while slots[slot] >= 0 {
            if listing.isName(at: Int(slots[slot]), equalTo: name) { return Int(slots[slot]) }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private static func hash(_ name: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: name)
        return hasher.finalize()
    }
}

extension DirectoryListing {
    /// One entry that differs, by its place in the listing that has it.
    enum Difference {
        case created(Int)
        case modified(Int)
        /// The place is that in the older listing.
        case deleted(Int)
    }

    /// Whether another listing has the same entries in the same states.
    func isSame(as other: DirectoryListing) -> Bool {
        names == other.names && entries.elementsEqual(other.entries) { $0.stamp == $1.stamp }
    }

    /// What changed from `base` to this listing, as far as it counts.
    func differences(from base: DirectoryListing) -> [Difference] {
        var found: [Difference] = []
        let isSameOrder = entries.count == base.entries.count && names == base.names
        let index = isSameOrder ? nil : NameIndex(base)
        var seen = isSameOrder ? [] : Array(repeating: false, count: base.entries.count)
        for (position, entry) in entries.enumerated() {
            let old = if let index { withName(at: position) { index.position(of: $0) } } else { Int?(position) }
            guard let old else {
                if entry.flags.contains(.counts) { found.append(.created(position)) }
                continue
            }
            if !isSameOrder { seen[old] = true }
            if entry.flags.contains(.counts), Self.isModified(base.entries[old], entry) {
                found.append(.modified(position))
            }
        }
        for (old, isSeen) in seen.enumerated() where !isSeen && base.entries[old].flags.contains(.counts) {
            found.append(.deleted(old))
        }
        return found
    }

    /// Whether an entry that was `old` and is `new` makes a difference to an image. A folder is its names, which are
    /// compared elsewhere, and its mode: its times change with every name.
    static func isModified(_ old: Entry, _ new: Entry) -> Bool {
        if old.isDirectory, new.isDirectory { return old.stamp.mode != new.stamp.mode }
        return old.stamp != new.stamp || old.flags.contains(.unsure)
    }
}
