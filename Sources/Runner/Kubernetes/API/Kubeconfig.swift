#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// kubectl's configuration files, as they are on the disk.
enum Kubeconfig {
    /// What tells one state of a file from the next.
    struct Stamp: Sendable, Hashable {
        var inode: UInt64
        var size: Int64
        var seconds: Int
        var nanoseconds: Int
    }

    /// The state of each file that kubectl reads; `nil` for one that is not there.
    static func stamps(files: [String] = files()) -> [Stamp?] { files.map(stamp) }

    /// The files that kubectl reads
    /// (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/).
    static func files(
        variable: String? = variable("KUBECONFIG"), home: String? = variable("HOME")
    ) -> [String] {
        let named = (variable ?? "").split(separator: ":").map(String.init)
        return named.isEmpty ? ["\(home ?? "")/.kube/config"] : named
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static func stamp(_ file: String) -> Stamp? {
        var status = stat()
        guard stat(file, &status) == 0 else { return nil }
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        return Stamp(
            inode: UInt64(status.st_ino), size: Int64(status.st_size), seconds: time.tv_sec, nanoseconds: time.tv_nsec)
    }
}
