import Foundation

/// A clock that jumps for one program only: a library, loaded before all others, that adds to what the system's clock
/// says, by as many seconds as a file holds.
struct ShiftedClock: Sendable {
    /// Whether it can be made here: Linux with a C compiler.
    static var isPossible: Bool {
        #if os(Linux)
            compiler != nil
        #else
            false
        #endif
    }

    private static let compiler = ["/usr/bin/cc", "/usr/bin/gcc", "/usr/bin/clang"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// The time of day moves either way. The time since the machine was started, CLOCK_BOOTTIME, moves on by what it
    /// slept; CLOCK_MONOTONIC doesn't count that and stays.
    private static let source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>
        static long shift(void) {
            char text[32] = {0};
            int file = open(getenv("SHIFTED_CLOCK"), O_RDONLY | O_CLOEXEC);
            if (file < 0) return 0;
            if (read(file, text, sizeof text - 1) < 0) text[0] = 0;
            close(file);
            long seconds = atol(text);
            static int is_told;
            if (seconds && !is_told) {
                char name[4096];
                snprintf(name, sizeof name, "%s.%d", getenv("SHIFTED_CLOCK"), (int)getpid());
                is_told = close(open(name, O_CREAT | O_CLOEXEC, 0600)) == 0;
            }
            return seconds;
        }
        int clock_gettime(clockid_t clock, struct timespec *now) {
            static int (*real)(clockid_t, struct timespec *);
            if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
            int result = real(clock, now);
            long seconds = shift();
            if (clock == CLOCK_REALTIME || (clock == CLOCK_BOOTTIME && seconds > 0)) now->tv_sec += seconds;
            return result;
        }
        int gettimeofday(struct timeval *now, void *zone) {
            struct timespec time;
            clock_gettime(CLOCK_REALTIME, &time);
            now->tv_sec = time.tv_sec;
            now->tv_usec = time.tv_nsec / 1000;
            return 0;
        }
        time_t time(time_t *result) {
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            if (result) *result = now.tv_sec;
            return now.tv_sec;
        }
        """

    private let folder: URL

    init() async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "clock-\(UInt32.random(in: 0...UInt32.max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appendingPathComponent("clock.c")
        try Self.source.write(to: file, atomically: true, encoding: .utf8)
        _ = try await Shell.run(
            Self.compiler ?? "cc", "-shared", "-fPIC", "-O1", "-o", folder.appendingPathComponent("clock.so").path,
            file.path, "-ldl")
    }

    /// What the program has to be started with.
    var environment: [String: String] {
        [
            "LD_PRELOAD": folder.appendingPathComponent("clock.so").path,
            "SHIFTED_CLOCK": folder.appendingPathComponent("shift").path,
        ]
    }

    /// The clock jumps.
    func jump(seconds: Int) throws {
        try "\(seconds)".write(to: folder.appendingPathComponent("shift"), atomically: true, encoding: .utf8)
    }

    /// Whether a process has looked at the clock since it jumped.
    func hasReached(_ process: pid_t) -> Bool {
        FileManager.default.fileExists(atPath: folder.appendingPathComponent("shift.\(process)").path)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}
