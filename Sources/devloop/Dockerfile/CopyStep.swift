/// What an instruction of a stage does with files. A value.
enum CopyStep: Hashable, Sendable {
    /// `COPY` or `ADD` from the context.
    struct Copy: Hashable, Sendable {
        /// The instruction, for messages.
        var text: String
        /// Relative to the context, cleaned; empty for the context itself.
        var sources: [String]
        /// Whether it writes something else as well: from an address, a here-document.
        var hasOthers: Bool
        /// Where to; `nil` where that isn't known.
        var destination: Destination?
        /// Whether files may be archives that are unpacked.
        var isAdd: Bool
        /// As in ``CopiedFiles/Destination``.
        var owner: String?
        var mode: UInt16?
        /// What makes it unknown where its files go.
        var problem: String?
    }

    /// Where a copy goes to.
    struct Destination: Hashable, Sendable {
        /// Absolute and clean.
        var path: String
        /// Whether it can only be a folder, as it is written.
        var isFolder: Bool
        var endsInSlash: Bool
        /// Whether it is written so that builders differ.
        var isOdd: Bool
    }

    /// The image that a stage begins with, of which nothing is known.
    case image
    case copy(Copy)
    /// `COPY --from`: files of another stage, or image.
    case from(text: String, stage: String, destination: Destination?)
    /// Something that may read, change and remove all that is there by then, and what is mounted: files of the context,
    /// and stages.
    case run(text: String, mounts: [String], stages: [String])
    /// A folder that is there from then on; `nil` where it isn't known.
    case folder(text: String, String?)
    /// What is copied below these paths from then on may be dropped; `nil` where they aren't known.
    case volume(text: String, [String]?)

    /// What it takes from the context, and its text.
    var taken: CopiedFiles.Taking {
        switch self {
        case .copy(let copy): .init(sources: copy.sources, text: copy.text)
        case .run(let text, let mounts, _): .init(sources: mounts, text: text)
        case .image, .from, .folder, .volume: .init(sources: [], text: "")
        }
    }

    /// The stages that it reads files of, or images, and its text.
    var read: (stages: [String], text: String) {
        switch self {
        case .from(let text, let stage, _): ([stage], text)
        case .run(let text, _, let stages): (stages, text)
        case .image, .copy, .folder, .volume: ([], "")
        }
    }
}

extension CopyStep.Destination {
    /// - Parameters:
    ///   - folder: where relative paths are; `nil` where that isn't known.
    ///   - isLinked: whether the copy doesn't look at what is there already.
    init?(_ written: String, in folder: String?, isLinked: Bool) {
        guard let path = ImagePath.absolute(written, in: folder) else { return nil }
        self.path = path
        endsInSlash = written.utf8.last == UInt8(ascii: "/")
        isFolder = endsInSlash || written == "." || path == "/"
        let last = ImagePath.parts(written).last
        isOdd = !isFolder && (last == "." || last == ".." || isLinked)
    }
}

/// Absolute paths in an image, without a slash at the end, `.` and `..`.
enum ImagePath {
    /// Cleans a path as builders do; `nil` where it is relative to a folder that isn't known.
    static func absolute(_ path: String, in folder: String?) -> String? {
        guard let start = path.utf8.first == UInt8(ascii: "/") ? "" : folder else { return nil }
        var parts: [String] = []
        for part in "\(start)/\(path)".utf8.split(separator: UInt8(ascii: "/")).map({ String($0) ?? "" })
        where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    static func join(_ folder: String, _ rest: some Collection<String>) -> String {
        rest.isEmpty ? folder : (folder == "/" ? "" : folder) + "/" + rest.joined(separator: "/")
    }

    /// The parts of a path that is this folder or below it, from there; `nil` where it isn't.
    static func parts(of path: String, below folder: String) -> [String]? {
        let (path, folder) = (parts(path), parts(folder))
        return path.starts(with: folder) ? Array(path.dropFirst(folder.count)) : nil
    }

    static func isBelow(_ path: String, _ folder: String) -> Bool { parts(of: path, below: folder) != nil }

    /// Split as bytes: a combining character doesn't hide the slash before it.
    static func parts(_ path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { String($0) ?? "" }
    }
}
