#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Threads for calls that block (`poll`, `waitid`), which must not hold up Swift's cooperative pool.
package enum PosixThread {
    /// Runs the body on a thread of its own, for a task that must not block, and returns after it.
    package static func run(_ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            detach {
                body()
                continuation.resume()
            }
        }
    }

    /// Runs the body on a new detached thread with a small stack.
    package static func detach(_ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 512 << 10)
        let box = Unmanaged.passRetained(Box(body)).toOpaque()
        #if canImport(Darwin)
            var thread: pthread_t?
            let status = pthread_create(&thread, &attributes, { run($0) }, box)
        #else
            var thread = pthread_t()
            let status = pthread_create(&thread, &attributes, { run($0!) }, box)
        #endif
        precondition(status == 0, "the system refused another thread (error \(status))")

        @Sendable func run(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
            Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue().body()
            return nil
        }
    }
}
