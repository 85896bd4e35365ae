/// Decides for the names of one folder whether they count; what it needs of the folder is found out once.
struct NameJudge {
    private let filter: PathFilter
    private let folder: [UInt8]
    private lazy var verdict = folder.isEmpty ? filter.rootVerdict : filter.judge(folder)
    private var path: [UInt8]

    init(filter: PathFilter, folder: [UInt8]) {
        self.filter = filter
        self.folder = folder
        path = folder
        if !path.isEmpty { path.append(Ascii.slash) }
    }

    mutating func flags(of name: UnsafeRawBufferPointer) -> DirectoryListing.Flags {
        let length = path.count
        path.append(contentsOf: name)
        defer { path.removeLast(path.count - length) }
        if filter.includes(path[...], parent: verdict) { return .counts }
        let judged = filter.judge(path[...], parent: verdict)
        return filter.canSkip(directory: path[...], judged: judged) ? .ignored : []
    }
}
