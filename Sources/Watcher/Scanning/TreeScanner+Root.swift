#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension TreeScanner {
    // MARK: Watches

    /// Has the kernel announce what happens in a folder, unless it does already.
    func watch(_ directory: OpenDirectory, as id: Int32) {
        guard let hints, tree[id].watch < 0, !isWatchLimitReached else { return }
        do {
            let (watch, formerID) = try hints.watch(directory, as: id)
            tree[id].watch = watch
            if let formerID { forgetWatch(watch, of: formerID) }
        } catch  where KernelHints.isLimit(error) {
            isWatchLimitReached = true
            notify(.watchLimitReached(rootID: root.id, setting: KernelHints.watchLimitSetting))
        } catch {
            notify(.eventsIncomplete(rootID: root.id, reason: error.text))
        }
    }

    /// Ends the watch on a folder, because another one is in its place.
    func endWatch(of id: Int32) {
        guard tree[id].watch >= 0 else { return }
        hints?.unwatch(tree[id].watch, of: id)
        tree[id].watch = -1
    }

    // MARK: The root

    /// Looks at the root itself, which is reached by its path and may be a single file, or another one than before.
    /// Returns whether it is a folder, to be listed like any other.
    func prepareRoot(_ findings: inout Findings) throws(SystemError) -> Bool {
        guard stat(root.path, status) == 0 else { throw .last }
        if status.pointee.isDirectory {
            let found = Self.identity(of: status.pointee)
            if let identity, identity != found { endWatch(of: FileTree.root) }
            if identity == nil { removeRoot(&findings) }
            identity = found
            return true
        }
        if identity != nil { removeRoot(&findings) }
        lookAtFile(&findings)
        return false
    }

    private func lookAtFile(_ findings: inout Findings) {
        let stamp = Stamp(status.pointee)
        let old = tree[FileTree.root].listing
        let isNew = old.entries.isEmpty
        if stamp != old.entries.first?.stamp {
            var fresh = DirectoryListing()
            let name = Array(root.path.utf8.split(separator: Ascii.slash).last ?? [])
            name.withUnsafeBytes { fresh.append($0, stamp: stamp, flags: .counts) }
            if isNew || old.entries[0].stamp.inode != stamp.inode { endWatch(of: FileTree.root) }
            if stamp.isYoung(at: timeOfDay()) { findings.young.append(FileTree.root) }
            note(fresh, of: FileTree.root, counts: true, findings: &findings)
        }
        // A file that cannot be watched is looked at often enough.
        if tree[FileTree.root].watch < 0, let watch = try? hints?.watch(path: root.path, as: FileTree.root) {
            tree[FileTree.root].watch = watch
        }
        tree[FileTree.root].isUnreadable = false
    }

    /// The root is gone: an empty tree.
    func removeRoot(_ findings: inout Findings) {
        identity = nil
        guard !tree[FileTree.root].listing.entries.isEmpty || tree[FileTree.root].watch >= 0 else { return }
        remove(FileTree.root, findings: &findings)
    }

    static func identity(of status: stat) -> (device: UInt64, inode: UInt64) {
        (UInt64(truncatingIfNeeded: status.st_dev), UInt64(status.st_ino))
    }
}
