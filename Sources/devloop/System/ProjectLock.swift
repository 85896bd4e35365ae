#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Runner

/// Keeps a second `devloop dev` out of a project: the two would restart each other's containers.
///
/// A lock of the kernel's on a file: it ends with the process, however that ends.
final class ProjectLock: Sendable {
    private let descriptor: Int32?

    /// Takes the lock. Where there is no folder for it, there is no lock either, and nothing stands against starting.
    /// - Parameters:
    ///   - project: the place of devloop.json, the same whichever way leads there.
    ///   - folder: devloop's state folder.
    /// - Throws: ``TargetError`` where another process has it.
    init(project: String, folder: String?) throws(TargetError) {
        guard let folder else {
            descriptor = nil
            return
        }
        var fingerprint = Fingerprint()
        fingerprint.add(project)
        let path = "\(folder)/locks/\(fingerprint.text)"
        FileSystem.makeFolders(above: path)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            self.descriptor = nil
            return
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            defer { close(descriptor) }
            let owner = (try? FileSystem.read(path)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            throw TargetError(
                "devloop dev runs in this project already\(owner.isEmpty ? "" : ", as process \(owner)")",
                advice: "one at a time: two would restart each other's containers")
        }
        ftruncate(descriptor, 0)
        _ = writeAll(Array("\(getpid())".utf8)[...], to: descriptor)
        self.descriptor = descriptor
    }

    deinit {
        if let descriptor { close(descriptor) }
    }
}
