#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A thread for work that blocks, which must not hold up Swift's cooperative pool. Unlike Runner's `PosixThread`, which
/// this module must not import, it can be joined, and a system that has no thread to give is an error here.
struct WorkerThread: Sendable {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    #if canImport(Darwin)
        // A pointer that is only handed back to pthread_join or pthread_detach.
        private nonisolated(unsafe) let handle: pthread_t
    #else
        private let handle: pthread_t
    #endif

    /// Starts the thread. It takes no signals: those are for who handles them.
    init(_ run: @escaping @Sendable () -> Void) throws(SystemError) {
        let body = Unmanaged.passRetained(Body(run))
        #if canImport(Darwin)
            var created: pthread_t?
            let result = pthread_create(&created, nil, { Self.enter($0) }, body.toOpaque())
        #else
            var created = pthread_t()
            let result = pthread_create(&created, nil, { Self.enter($0) }, body.toOpaque())
        #endif
        guard result == 0 else {
            body.release()
            throw SystemError(code: result)
        }
        #if canImport(Darwin)
            // Set whenever pthread_create succeeds.
            handle = created!
        #else
            handle = created
        #endif
    }

    /// Waits until the thread has ended. To be called when it is known to be about to.
    func join() { pthread_join(handle, nil) }

    /// Lets the thread end on its own.
    func detach() { pthread_detach(handle) }

    private static func enter(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        var signals = sigset_t()
        sigfillset(&signals)
        pthread_sigmask(SIG_SETMASK, &signals, nil)
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
    }
}
