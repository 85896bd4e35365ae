/// What a tar archive says before a file's content.
///
/// The format is GNU's (https://www.gnu.org/software/tar/manual/html_node/Standard.html): blocks of 512 bytes, and a name
/// for which there is no room is the content of an entry `L` before it. That is what GNU's, busybox' and libarchive's tar
/// all read; of POSIX' own records for it (pax) busybox knows nothing.
struct TarHeader: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case file(size: Int)
        case folder
        case link(to: String)
    }

    /// As it is in the archive: relative to where that is unpacked.
    var path: String
    var kind: Kind
    /// Its permissions.
    var mode: UInt16
    /// Seconds since 1970.
    var time = 0
    /// `NAME:NAME` or `NUMBER:NUMBER`; one word is both; `nil` is root. A name that the unpacking system does not know is
    /// root as well.
    var owner: String?

    static let blockSize = 512
    /// Two empty blocks.
    static let end = [UInt8](repeating: 0, count: 2 * blockSize)

    /// Bytes after a content, up to a whole block.
    static func padding(after count: Int) -> Int { (blockSize - count % blockSize) % blockSize }

    /// Whole blocks.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        if path.utf8.count > Self.nameLimit { bytes += Self.long(path, "L") }
        switch kind {
        case .file(let size): return bytes + block(path, "0", size: size)
        case .folder: return bytes + block(path, "5")
        case .link(let target):
            if target.utf8.count > Self.nameLimit { bytes += Self.long(target, "K") }
            return bytes + block(path, "2", target: target)
        }
    }

    private static let nameLimit = 99

    private static func long(_ text: String, _ type: Character) -> [UInt8] {
        let content = Array(text.utf8) + [0]
        let header = TarHeader(path: "././@LongLink", kind: .folder, mode: 0o644)
        return header.block(header.path, type, size: content.count) + content
            + [UInt8](repeating: 0, count: padding(after: content.count))
    }

    private func block(_ name: String, _ type: Character, size: Int = 0, target: String = "") -> [UInt8] {
        var block = [UInt8](repeating: 0, count: Self.blockSize)
        func put(_ text: some Sequence<UInt8>, at offset: Int, length: Int) {
            for (index, byte) in text.prefix(length).enumerated() { block[offset + index] = byte }
        }
        let (user, group) = Self.parts(of: owner)
        put(name.utf8, at: 0, length: Self.nameLimit)
        put(Self.octal(Int(mode & 0o7777), digits: 7), at: 100, length: 8)
        put(Self.number(Int(user) ?? 0, length: 8), at: 108, length: 8)
        put(Self.number(Int(group) ?? 0, length: 8), at: 116, length: 8)
        put(Self.number(size, length: 12), at: 124, length: 12)
        put(Self.number(max(0, time), length: 12), at: 136, length: 12)
        put(String(type).utf8, at: 156, length: 1)
        put(target.utf8, at: 157, length: Self.nameLimit)
        put("ustar  \u{0}".utf8, at: 257, length: 8)
        if Int(user) == nil { put(user.utf8, at: 265, length: 31) }
        if Int(group) == nil { put(group.utf8, at: 297, length: 31) }
        // The sum counts its own field as blanks.
        let sum = block.reduce(0) { $0 + Int($1) } + 8 * 0x20
        put(Self.octal(sum, digits: 6) + [0, 0x20], at: 148, length: 8)
        return block
    }

    /// The user and the group; neither is a name for root: its number is what is meant.
    private static func parts(of owner: String?) -> (user: String, group: String) {
        let parts = (owner ?? "0").split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        let user = parts[0].isEmpty ? "0" : parts[0]
        guard parts.count == 2, !parts[1].isEmpty else { return (user, user) }
        return (user, parts[1])
    }

    /// Octal digits and a zero; in binary where there is no room for them.
    private static func number(_ number: Int, length: Int) -> [UInt8] {
        if number < 1 << (3 * (length - 1)) { return octal(number, digits: length - 1) }
        return [0x80] + (1..<length).map { UInt8(truncatingIfNeeded: number >> min(63, 8 * (length - 1 - $0))) }
    }

    private static func octal(_ number: Int, digits: Int) -> [UInt8] {
        let text = String(number, radix: 8)
        return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8)
    }
}
