#if canImport(Darwin)
    import Darwin

    typealias DirectoryStream = UnsafeMutablePointer<DIR>

    extension stat {
        var modificationTime: timespec { st_mtimespec }
        var statusChangeTime: timespec { st_ctimespec }
    }

    /// A pipe that no child inherits: children are started with `POSIX_SPAWN_CLOEXEC_DEFAULT`, for there is no one step.
    func pipeClosedOnExec() throws(SystemError) -> [Int32] {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .last }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return ends
    }

    /// The name of the file system with this device number if it is not a local one, whose changes by others go
    /// unnoticed here.
    func unannouncedFileSystem(device: UInt64) -> String? {
        var mounts: UnsafeMutablePointer<statfs>?
        let count = getmntinfo(&mounts, MNT_NOWAIT)
        guard count > 0, let mounts else { return nil }
        for mount in UnsafeBufferPointer(start: mounts, count: Int(count))
        where UInt64(UInt32(bitPattern: mount.f_fsid.val.0)) == device & 0xFFFF_FFFF {
            guard mount.f_flags & UInt32(MNT_LOCAL) == 0 else { return nil }
            return withUnsafeBytes(of: mount.f_fstypename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return nil
    }
#endif
