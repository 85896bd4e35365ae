/// Files as a tar archive, which is how `docker cp -` takes them.
///
/// The format is POSIX ustar (https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html): a block of 512
/// bytes for each file's header, its content filled up to whole blocks, two empty blocks at the end. A path that a
/// header has no room for gets a pax record before it.
struct TarArchive {
    private(set) var bytes: [UInt8] = []

    /// Archives files under their relative paths; docker makes the folders above them. A path that ends with a slash
    /// is a folder.
    init(_ files: [ContainerPlan.File]) {
        for file in files {
            let path = file.path
            if path.utf8.count > 99 { append(name: "pax", content: Self.paxRecord(path), mode: 0o644, type: "x") }
            append(name: path, content: file.content, mode: file.mode, type: path.hasSuffix("/") ? "5" : "0")
        }
        bytes += [UInt8](repeating: 0, count: 1024)
    }

    private mutating func append(name: String, content: [UInt8], mode: Int, type: Character) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: [UInt8], at offset: Int, length: Int) {
            let part = text.prefix(length)
            header.replaceSubrange(offset..<(offset + part.count), with: part)
        }
        put(Array(name.utf8), at: 0, length: 99)
        put(Self.octal(mode, digits: 7), at: 100, length: 8)
        put(Self.octal(0, digits: 7), at: 108, length: 8)
        put(Self.octal(0, digits: 7), at: 116, length: 8)
        put(Self.octal(content.count, digits: 11), at: 124, length: 12)
        put(Self.octal(0, digits: 11), at: 136, length: 12)
        put(Array(String(type).utf8), at: 156, length: 1)
        put(Array("ustar\u{0}00".utf8), at: 257, length: 8)
        // The sum counts its own field as blanks.
        let sum = header.reduce(0) { $0 + Int($1) } + 8 * 0x20
        put(Self.octal(sum, digits: 6) + [0, 0x20], at: 148, length: 8)
        bytes += header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    private static func octal(_ number: Int, digits: Int) -> [UInt8] {
        let text = String(number, radix: 8)
        return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8)
    }

    /// `LENGTH path=PATH\n`, where the length counts itself.
    private static func paxRecord(_ path: String) -> [UInt8] {
        let rest = " path=\(path)\n".utf8
        var length = rest.count + 1
        while String(length).utf8.count + rest.count != length { length = String(length).utf8.count + rest.count }
        return Array("\(length)".utf8) + rest
    }
}
