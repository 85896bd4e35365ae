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
        private var targets: [Int32: WatchTarget] = [:]
        /// More targets of the same watch, where trees lie within each other.
        private var moreTargets: [Int32: [WatchTarget]] = [:]
        private var owners: Int32 = 0
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

        func addOwner() -> Int32 {
            owners += 1
            return owners
        }

        /// Ends all watches of one tree.
        func removeOwner(_ owner: Int32) {
            for (watch, targets) in moreTargets {
                for target in targets where target.owner == owner { unwatch(watch, of: target) }
            }
            for (watch, target) in targets where target.owner == owner { unwatch(watch, of: target) }
        }

        func watch(
            _ directory: OpenDirectory, as target: WatchTarget
        ) throws(SystemError) -> (watch: Int32, formerID: Int32?) {
            try add("/proc/self/fd/\(directory.descriptor)", events: Self.events | UInt32(IN_ONLYDIR), as: target)
        }

        func watch(path: String, as target: WatchTarget) throws(SystemError) -> Int32 {
            try add(path, events: Self.events, as: target).watch
        }

        private func add(
            _ path: String, events: UInt32, as target: WatchTarget
        ) throws(SystemError) -> (watch: Int32, formerID: Int32?) {
            guard targets.count < options.watchLimit else { throw SystemError(code: ENOSPC) }
            let watch = inotify_add_watch(descriptor, path, events)
            if watch < 0 { throw .last }
            guard let first = targets[watch] else {
                targets[watch] = target
                return (watch, nil)
            }
            var former: WatchTarget?
            if first.owner == target.owner {
                former = first
                targets[watch] = target
            } else {
                former = moreTargets[watch]?.first { $0.owner == target.owner }
                moreTargets[watch, default: []].removeAll { $0.owner == target.owner }
                moreTargets[watch, default: []].append(target)
            }
            return (watch, former == target ? nil : former?.id)
        }

        func unwatch(_ watch: Int32, of target: WatchTarget) {
            var more = moreTargets.removeValue(forKey: watch) ?? []
            if targets[watch] == target {
                targets[watch] = more.popLast()
                if targets[watch] == nil { inotify_rm_watch(descriptor, watch) }
            } else {
                more.removeAll { $0 == target }
            }
            if !more.isEmpty { moreTargets[watch] = more }
        }

        /// Whether this error of ``watch(_:as:)`` says that there are no more watches to be had.
        static func isLimit(_ error: SystemError) -> Bool { error.code == ENOSPC || error.code == ENOMEM }

        /// Takes every hint that has come so far, with the tree it is for, or nil if it is for all; does not wait.
        func take(_ body: (_ owner: Int32?, Hint) -> Void) {
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

        private func report(
            _ event: inotify_event, name: UnsafeRawBufferPointer, to body: (_ owner: Int32?, Hint) -> Void
        ) {
            if options.isOverflowing || event.mask & UInt32(IN_Q_OVERFLOW) != 0 { return body(nil, .overflow) }
            guard let first = targets[event.wd] else { return }
            for target in [first] + (moreTargets[event.wd] ?? []) {
                if event.mask & UInt32(IN_IGNORED) != 0 { body(target.owner, .ended(target.id, watch: event.wd)) }
                let isWhole = event.mask & UInt32(IN_CLOSE_WRITE | IN_MOVED_TO) != 0
                body(target.owner, .folder(target.id, name: name.isEmpty ? nil : name, isWhole: isWhole))
            }
            guard event.mask & UInt32(IN_IGNORED) != 0 else { return }
            targets[event.wd] = nil
            moreTargets[event.wd] = nil
        }
    }
#endif
