#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where temporary files go: `TMPDIR`, or `/tmp` where that is not set, is empty or can't be used.
enum TemporaryPlace {
    /// The folders to try, in order.
    static func folders(environment tmpdir: String? = getenv("TMPDIR").map { String(cString: $0) }) -> [String] {
        guard let tmpdir, !tmpdir.isEmpty, tmpdir != "/tmp" else { return ["/tmp"] }
        return [tmpdir, "/tmp"]
    }

    /// Makes something of a new name in the first folder that takes it.
    /// - Parameters:
    ///   - name: the name's beginning.
    ///   - make: `mkdtemp` or `mkstemp`: makes it, with the template's end filled in; `nil` where that fails.
    /// - Returns: what was made and its path; `nil` with the reason in `errno` where no folder takes it.
    static func make<Made>(
        _ name: String, in folders: [String] = folders(), _ make: (UnsafeMutablePointer<CChar>) -> Made?
    ) -> (made: Made, path: String)? {
        for folder in folders {
            var template = Array("\(folder)/\(name)-XXXXXX".utf8CString)
            let made = template.withUnsafeMutableBufferPointer { make($0.baseAddress!) }
            guard let made else { continue }
            return (made, String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
        }
        return nil
    }
}
