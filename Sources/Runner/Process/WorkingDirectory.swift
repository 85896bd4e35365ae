#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Lets a child start in a folder of its choice: `posix_spawn_file_actions_addchdir_np`, which macOS (10.15), glibc (2.29)
/// and musl (1.1.24) have, and the headers of glibc show to GNU's own dialect of C only.
enum WorkingDirectory {
    #if canImport(Darwin)
        typealias Actions = posix_spawn_file_actions_t?
    #else
        typealias Actions = posix_spawn_file_actions_t
    #endif

    /// Adds it to what the child does before it becomes the program.
    /// - Returns: whether that can be asked for.
    static func change(to path: String, in actions: inout Actions) -> Bool {
        #if canImport(Darwin)
            posix_spawn_file_actions_addchdir_np(&actions, path) == 0
        #else
            addChange.map { $0(&actions, path) == 0 } ?? false
        #endif
    }

    #if !canImport(Darwin)
        private static var addChange:
            (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>) -> Int32)?
        {
            dlsym(nil, "posix_spawn_file_actions_addchdir_np").map {
                unsafeBitCast(
                    $0,
                    to: (@convention(c) (
                        UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>
                    ) -> Int32).self)
            }
        }
    #endif
}
