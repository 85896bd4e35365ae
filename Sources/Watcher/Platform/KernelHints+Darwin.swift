#if canImport(Darwin)
    import Darwin

    /// kqueue: one descriptor a folder. It announces names that come and go, and thereby every save that renames a
    /// file into place, but not a write into an existing file: those are found by looking.
    final class KernelHints {
        /// Whether a write into an existing file is announced, and not only a change of names.
        static let announceContents = false
        static let watchLimitSetting = "the limit of open files (ulimit -n)"
        static let instanceLimitSetting = "the limit of open files (ulimit -n)"
        static let overflowSetting = "nothing"

        /// Readable when there are hints.
        let descriptor: Int32
        private var targets: [Int32: WatchTarget] = [:]
        private var owners: Int32 = 0
        private let options: HintOptions
        private let watchLimit: Int

        init(options: HintOptions) throws(SystemError) {
            descriptor = kqueue()
            if descriptor < 0 { throw .last }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            self.options = options
            // Half of what this process may open: the rest of the program needs descriptors too.
            var limit = rlimit()
            let allowed = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? Int(clamping: limit.rlim_cur) / 2 : 128
            watchLimit = min(options.watchLimit, allowed)
        }

        deinit {
            for watch in targets.keys { close(watch) }
            close(descriptor)
        }

        func addOwner() -> Int32 {
            owners += 1
            return owners
        }

        /// Ends all watches of one tree.
        func removeOwner(_ owner: Int32) {
            for (watch, target) in targets where target.owner == owner { unwatch(watch, of: target) }
        }

        /// A folder that is met twice has two watches here.
        func watch(
            _ directory: OpenDirectory, as target: WatchTarget
        ) throws(SystemError) -> (watch: Int32, formerID: Int32?) {
            (try add(openat(directory.descriptor, ".", O_EVTONLY | O_CLOEXEC), as: target), nil)
        }

        /// A write into a file that is watched itself is announced.
        func watch(path: String, as target: WatchTarget) throws(SystemError) -> Int32 {
            try add(open(path, O_EVTONLY | O_CLOEXEC | O_NONBLOCK), as: target)
        }

        private func add(_ opened: Int32, as target: WatchTarget) throws(SystemError) -> Int32 {
            if opened < 0 { throw .last }
            guard targets.count < watchLimit else {
                close(opened)
                throw SystemError(code: EMFILE)
            }
            let events = UInt32(NOTE_WRITE | NOTE_EXTEND | NOTE_ATTRIB | NOTE_DELETE | NOTE_RENAME | NOTE_REVOKE)
            var change = kevent(
                ident: UInt(opened), filter: Int16(EVFILT_VNODE), flags: UInt16(EV_ADD | EV_CLEAR), fflags: events,
                data: 0, udata: nil)
            guard kevent(descriptor, &change, 1, nil, 0, nil) == 0 else {
                let error = SystemError.last
                close(opened)
                throw error
            }
            targets[opened] = target
            return opened
        }

        func unwatch(_ watch: Int32, of target: WatchTarget) {
            guard targets[watch] == target else { return }
            targets[watch] = nil
            close(watch)
        }

        /// Whether this error of ``watch(_:as:)`` says that there are no more watches to be had.
        static func isLimit(_ error: SystemError) -> Bool { error.code == EMFILE || error.code == ENFILE }

        /// Takes every hint that has come so far, with the tree it is for, or nil if it is for all; does not wait.
        func take(_ body: (_ owner: Int32?, Hint) -> Void) {
            var events = Array(repeating: kevent(), count: 64)
            var timeout = timespec()
            while true {
                let count = kevent(descriptor, nil, 0, &events, Int32(events.count), &timeout)
                guard count > 0 else { return }
                if options.isDeaf { continue }
                for event in events.prefix(Int(count)) {
                    let watch = Int32(truncatingIfNeeded: event.ident)
                    guard let target = targets[watch] else { continue }
                    if event.fflags & UInt32(NOTE_DELETE | NOTE_REVOKE) != 0 {
                        targets[watch] = nil
                        close(watch)
                        body(target.owner, .ended(target.id, watch: watch))
                    }
                    body(target.owner, .folder(target.id, name: nil, isWhole: false))
                }
            }
        }
    }
#endif
