#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

#if os(Linux)
    /// inotify: one watch a folder. Watches are set through the open folder's descriptor, so that the folder that is
    /// watched is the one that is listed, however long its path is.
    final class KernelHints {
        /// Whether a write into an existing file is announced, and not only a change of names.
        static let announceContents = true
        static let watchLimitSetting = "fs.inotify.max_user_watches (sysctl)"
        static let instanceLimitSetting = "fs.inotify.max_user_instances (sysctl)"
        static let overflowSetting = "fs.inotify.max_queued_events (sysctl)"

        /// Readable when there are hints.
        let descriptor: Int32
        private var folders: [Int32: Int32] = [:]
        private let options: HintOptions
        private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16_384, alignment: 8)

        private static let events = UInt32(
            IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO
                | IN_DELETE_SELF | IN_MOVE_SELF)

        init(options: HintOptions) throws(SystemError) {
            descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
            if descriptor < 0 { throw .last }
            self.options = options
        }

        deinit {
            close(descriptor)
            buffer.deallocate()
        }

        /// Watches an open folder under an id, and returns the watch, and the folder it was taken from if the same
        /// folder had been watched under another id: it has moved, or is mounted twice.
        func watch(_ directory: OpenDirectory, as id: Int32) throws(SystemError) -> (watch: Int32, formerID: Int32?) {
            try add("/proc/self/fd/\(directory.descriptor)", events: Self.events | UInt32(IN_ONLYDIR), as: id)
        }

        /// Watches what is at `path`, which may be no folder.
        func watch(path: String, as id: Int32) throws(SystemError) -> Int32 {
            try add(path, events: Self.events, as: id).watch
        }

        private func add(
            _ path: String, events: UInt32, as id: Int32
        ) throws(SystemError) -> (watch: Int32, formerID: Int32?) {
            guard folders.count < options.watchLimit else { throw SystemError(code: ENOSPC) }
            let watch = inotify_add_watch(descriptor, path, events)
            if watch < 0 { throw .last }
            let former = folders.updateValue(id, forKey: watch)
            return (watch, former == id ? nil : former)
        }

        /// Ends a watch, unless another folder has taken it over.
        func unwatch(_ watch: Int32, of id: Int32) {
            guard folders[watch] == id else { return }
            folders[watch] = nil
            inotify_rm_watch(descriptor, watch)
        }

        /// Whether this error of ``watch(_:as:)`` says that there are no more watches to be had.
        static func isLimit(_ error: SystemError) -> Bool { error.code == ENOSPC || error.code == ENOMEM }

        /// Takes every hint that has come so far; does not wait.
        func take(_ body: (Hint) -> Void) {
            while true {
                let length = read(descriptor, buffer.baseAddress, buffer.count)
                if length < 0, errno == EINTR { continue }
                guard length > 0 else { return }
                if options.isDeaf { continue }
                var offset = 0
                while offset + MemoryLayout<inotify_event>.size <= length {
                    let event = buffer.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                    let nameStart = offset + MemoryLayout<inotify_event>.size
                    offset = nameStart + Int(event.len)
                    let padded = UnsafeRawBufferPointer(rebasing: buffer[nameStart..<offset])
                    report(event, name: UnsafeRawBufferPointer(rebasing: padded.prefix { $0 != 0 }), to: body)
                }
            }
        }

        private func report(_ event: inotify_event, name: UnsafeRawBufferPointer, to body: (Hint) -> Void) {
            if options.isOverflowing || event.mask & UInt32(IN_Q_OVERFLOW) != 0 { return body(.overflow) }
            guard let id = folders[event.wd] else { return }
            if event.mask & UInt32(IN_IGNORED) != 0 {
                folders[event.wd] = nil
                body(.ended(id, watch: event.wd))
            }
            body(.folder(id, name: name.isEmpty ? nil : name))
        }
    }
#endif
