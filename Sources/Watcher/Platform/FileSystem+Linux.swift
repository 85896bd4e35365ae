#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

#if os(Linux)
    typealias DirectoryStream = OpaquePointer

    extension stat {
        var modificationTime: timespec { st_mtim }
        var statusChangeTime: timespec { st_ctim }
    }

    /// The name of the file system with this device number if it is one of those that other machines, or the host of
    /// this one, change without this kernel noticing.
    func unannouncedFileSystem(device: UInt64) -> String? {
        // The same numbers as in the third field of proc(5)'s mountinfo.
        let major = (device >> 8) & 0xFFF | (device >> 32) & ~0xFFF
        let minor = device & 0xFF | (device >> 12) & ~0xFF
        let table = String(decoding: contents(of: "/proc/self/mountinfo"), as: UTF8.self)
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 3, fields[2] == "\(major):\(minor)", let dash = fields.firstIndex(of: "-"),
                dash + 1 < fields.count
            else { continue }
            let name = String(fields[dash + 1])
            let remote = ["nfs", "nfs4", "cifs", "smb3", "9p", "vboxsf", "virtiofs", "ceph", "lustre", "afs", "prl_fs"]
            return remote.contains(name) || name.hasPrefix("fuse.") ? name : nil
        }
        return nil
    }

    /// Two connected descriptors that no child inherits, marked in one step: another thread may start a child at any
    /// moment. (`pipe2` is not in Swift's Glibc module.)
    func pipeClosedOnExec() throws(SystemError) -> [Int32] {
        var ends: [Int32] = [-1, -1]
        #if canImport(Glibc)
            let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        #else
            let type = SOCK_STREAM | SOCK_CLOEXEC
        #endif
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw .last }
        return ends
    }

    /// Read until the end, because the files of proc(5) have no size.
    private func contents(of path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            let length = read(descriptor, &buffer, buffer.count)
            guard length > 0 else { return bytes }
            bytes += buffer[..<length]
        }
    }
#endif
