/// Files as a tar archive, which is how `docker cp -` takes them.
struct TarArchive {
    private(set) var bytes: [UInt8] = []

    /// Archives files under their relative paths; docker makes the folders above them. A path that ends with a slash
    /// is a folder.
    init(_ files: [ContainerPlan.File]) {
        for file in files {
            let kind: TarHeader.Kind = file.path.hasSuffix("/") ? .folder : .file(size: file.content.count)
            bytes += TarHeader(path: file.path, kind: kind, mode: UInt16(truncatingIfNeeded: file.mode)).bytes
            bytes += file.content + [UInt8](repeating: 0, count: TarHeader.padding(after: file.content.count))
        }
        bytes += TarHeader.end
    }
}
