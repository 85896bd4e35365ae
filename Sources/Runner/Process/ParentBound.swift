#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Lets a child end with its parent, however that ends.
///
/// The kernel does it where a process asks for it before it becomes the program (`PR_SET_PDEATHSIG`); `posix_spawn` can't
/// ask. So our own program is started, asks, and becomes the other one: no process more than without. The signal comes
/// when the *thread* that started the child ends: that has to live as long as the child, as a ``Child``'s supervisor
/// does.
///
/// On macOS there is nothing like it. A child that prints something ends there by the pipe that nobody reads any more.
package enum ParentBound {
    private static let flag = "--become-child-of"

    /// The program that calls ``becomeCommand(_:count:)`` first of all; `nil` where nothing can be asked for.
    package static var ownProgram: String? {
        #if os(Linux)
            setParentDeathSignal == nil ? nil : "/proc/self/exe"
        #else
            nil
        #endif
    }

    /// The words with which that program becomes another one.
    static func words(program: String, path: String, _ words: [String]) -> [String] {
        [program, flag, "\(getpid())", path] + words
    }

    /// Becomes another program, if the words on the command line say so. The first thing that `main` does.
    package static func becomeCommand(_ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, count: Int32) {
        guard count > 4, let word = arguments[1], strcmp(word, flag) == 0, let parent = arguments[2].map({ atoi($0) }),
            let path = arguments[3]
        else { return }
        #if os(Linux)
            _ = setParentDeathSignal?(1, UInt(SIGTERM), 0, 0, 0)
        #endif
        // It may have ended before it was asked.
        guard getppid() == parent else { _exit(0) }
        // A program that was written a moment ago may still be open for writing in a child of somebody else.
        for attempt in 0..<20 {
            execv(path, arguments + 4)
            guard errno == ETXTBSY else { break }
            usleep(1000 << UInt32(min(attempt, 5)))
        }
        let message = "\(String(cString: path)) could not be started: \(String(cString: strerror(errno)))\n"
        _ = Array(message.utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
        _exit(126)
    }

    #if os(Linux)
        /// `prctl`, which takes any number of arguments, so that Swift doesn't see it: where its arguments are passed is
        /// the same for a function of five on every processor that Swift runs Linux on.
        private static var setParentDeathSignal: (@convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32)? {
            dlsym(nil, "prctl").map {
                unsafeBitCast($0, to: (@convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32).self)
            }
        }
    #endif
}
