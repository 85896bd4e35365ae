import Foundation

/// What an image has at each path, as `docker export` tells.
struct ImageFiles: Equatable {
    struct Entry: Equatable, CustomStringConvertible {
        enum Kind: Equatable {
            case folder
            case file([UInt8])
            case link(String)
            case other
        }

        var kind: Kind
        var mode = 0
        var owner = 0
        var group = 0

        var isFolder: Bool { kind == .folder }

        /// Folders aren't told apart: how a builder makes those that nothing describes is its own.
        static func == (one: Entry, other: Entry) -> Bool {
            guard one.kind == other.kind else { return false }
            let isSame = one.mode == other.mode && one.owner == other.owner && one.group == other.group
            return one.isFolder || isSame
        }

        var description: String {
            let what =
                switch kind {
                case .folder: "folder"
                case .file(let bytes): "file \(String(decoding: bytes.prefix(40), as: UTF8.self).debugDescription)"
                case .link(let target): "link to \(target)"
                case .other: "something else"
                }
            return "\(what) \(String(mode, radix: 8)) \(owner):\(group)"
        }
    }

    var entries: [String: Entry]

    init(_ entries: [String: Entry]) { self.entries = entries }

    /// Reads a tar stream.
    init(tar: Data) {
        entries = ["/": Entry(kind: .folder)]
        tar.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) in
            var offset = 0
            var extended: [String: String] = [:]
            while offset + 512 <= bytes.count, bytes[offset] != 0 {
                let header = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + 512])
                let size = extended["size"].flatMap { Int($0) } ?? Self.number(header[124..<136])
                let content = UnsafeRawBufferPointer(rebasing: bytes[(offset + 512)..<(offset + 512 + size)])
                offset += 512 + (size + 511) / 512 * 512
                let type = header[156]
                if type == UInt8(ascii: "x") {
                    extended = Self.records(content)
                    continue
                }
                let prefix = Self.text(header[345..<500])
                let name = extended["path"] ?? (prefix.isEmpty ? "" : prefix + "/") + Self.text(header[0..<100])
                let target = extended["linkpath"] ?? Self.text(header[157..<257])
                extended = [:]
                let path = "/" + name.split(separator: "/").joined(separator: "/")
                let kind: Entry.Kind =
                    switch type {
                    case UInt8(ascii: "0"), 0: .file([UInt8](content))
                    case UInt8(ascii: "5"): .folder
                    case UInt8(ascii: "2"): .link(target)
                    case UInt8(ascii: "1"): entries["/" + target]?.kind ?? .other
                    default: .other
                    }
                entries[path] = Entry(
                    kind: kind, mode: Self.number(header[100..<108]) & 0o7777, owner: Self.number(header[108..<116]),
                    group: Self.number(header[116..<124]))
            }
        }
    }

    private static func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func number(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        Int(text(bytes).trimmingCharacters(in: .whitespaces), radix: 8) ?? 0
    }

    /// `27 path=a name of any length\n`
    private static func records(_ bytes: UnsafeRawBufferPointer) -> [String: String] {
        var records: [String: String] = [:]
        var rest = bytes[...]
        while let blank = rest.firstIndex(of: UInt8(ascii: " ")),
            let length = Int(String(decoding: rest[..<blank], as: UTF8.self))
        {
            let record = String(decoding: rest[(blank + 1)..<(rest.startIndex + length - 1)], as: UTF8.self)
            let key = record.prefix { $0 != "=" }
            records[String(key)] = String(record[key.endIndex...].dropFirst())
            rest = rest[(rest.startIndex + length)...]
        }
        return records
    }

    /// What differs, for messages.
    func differences(from other: ImageFiles) -> [String] {
        Set(entries.keys).union(other.entries.keys).sorted().compactMap { path in
            let (own, others) = (entries[path], other.entries[path])
            let said = { (entry: Entry?) in entry.map(\.description) ?? "nothing" }
            return own == others ? nil : "\(path): \(said(own)) instead of \(said(others))"
        }
    }
}

extension ImageFiles {
    /// Reads an image.
    static func export(_ image: String) throws -> ImageFiles {
        let created = try run("sh", "-c", "docker create \(image) none 2>&1")
        let container = String(decoding: created.output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard created.status == 0 else { throw Docker.Failure(text: "no container of \(image): \(container)") }
        defer { _ = try? run("docker", "rm", container) }
        return ImageFiles(tar: try run("docker", "export", container).output)
    }

    private static func run(_ arguments: String...) throws -> (status: Int32, output: Data) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }
}
