#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The signals that ask devloop to end: INT, TERM and HUP.
///
/// They are blocked in every thread and taken by one that does nothing else, so that no handler runs in the middle of
/// anything.
enum Signals {
    /// Blocks them, and ignores SIGPIPE (a write to a closed pipe is an error like others). The first thing that the
    /// program does: threads inherit the mask.
    ///
    /// HUP stays ignored where it is so from outside: that is what `nohup` is for. INT does not: shells ignore it in what
    /// a script starts with `&`, which nobody asked for, and whoever sends it means us. Nor does SIGCHLD: while that is
    /// ignored, the system throws exit statuses away, and every build would seem to succeed.
    static func block() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGCHLD, SIG_DFL)
        signal(SIGINT, SIG_DFL)
        var set = ending
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Calls the handler with each of the signals, for as long as the program lives. Those that came since ``block()``
    /// are not lost.
    ///
    /// The main thread does this: left to an asynchronous `main`, libdispatch would make it one that takes every signal
    /// itself.
    static func handle(_ handler: (Int32) -> Void) -> Never {
        while true {
            var set = ending
            var number: Int32 = 0
            if sigwait(&set, &number) == 0 { handler(number) }
        }
    }

    /// Ends the program without another word.
    static func exitAtOnce(_ code: ExitCode) -> Never { _exit(code.rawValue) }

    private static var ending: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGINT, SIGTERM, SIGHUP] where !isIgnored(number) { sigaddset(&set, number) }
        return set
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        #if canImport(Darwin)
            return unsafeBitCast(action.__sigaction_u.__sa_handler, to: Int.self)
                == unsafeBitCast(SIG_IGN, to: Int.self)
        #else
            return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
                == unsafeBitCast(SIG_IGN, to: Int.self)
        #endif
    }
}
