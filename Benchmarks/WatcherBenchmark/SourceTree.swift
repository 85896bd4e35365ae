#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The trees that are measured.
enum SourceTree {
    /// Twenty files a folder, twenty folders a folder.
    static func file(_ number: Int, in path: String) -> String {
        let folder = number / 20
        return "\(path)/level-\(folder / 400)/level-\(folder / 20)/folder-\(folder)/source-file-\(number).swift"
    }

    static func make(_ path: String, files: Int) {
        mkdir(path, 0o755)
        for number in 0..<files {
            let file = Self.file(number, in: path)
            if number % 20 == 0 {
                for (index, byte) in file.utf8.enumerated() where byte == UInt8(ascii: "/") && index > path.utf8.count {
                    mkdir(String(file.prefix(index)), 0o755)
                }
            }
            close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0o644))
        }
    }
}
