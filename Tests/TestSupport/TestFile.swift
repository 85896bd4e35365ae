import Foundation

/// Files for tests that start programs meanwhile. Foundation opens files without closing them on exec: a child that is
/// started at that moment inherits them, and a script that a child has open for writing can't be run ("text file busy").
package enum TestFile {
    package static func write(_ bytes: [UInt8], to path: String, isProgram: Bool = false) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, isProgram ? 0o755 : 0o644)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw CocoaError(.fileWriteUnknown) }
            rest = rest.dropFirst(count)
        }
    }

    /// The content as text; `nil` where there is no such file.
    package static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = Foundation.read(descriptor, &buffer, buffer.count), count > 0 {
            content += buffer[..<count]
        }
        return String(decoding: content, as: UTF8.self)
    }
}
