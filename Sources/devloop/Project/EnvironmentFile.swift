import Runner

/// A file of `KEY=VALUE` lines, as `docker run --env-file` reads it: white space before a key and lines that begin with `#`
/// don't count, all that follows the first `=` is the value, quotes and white space too, and `KEY` alone takes the
/// environment's variable. `kubectl create secret --from-env-file` reads the same, but makes an empty value of a variable
/// that is not set, which docker leaves out; here that is an error of whoever needs it. Of a key that is there twice the last
/// line counts, as docker has it.
struct EnvironmentFile: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        var key: String
        /// `nil` takes the environment's variable.
        var text: String?
        var line: Int
    }

    /// What is wrong in a line. It repeats nothing of it: that may be a part of a secret.
    struct Mistake: Error, Equatable {
        var line: Int
        var message: String
    }

    private(set) var entries: [Entry] = []

    init(parsing bytes: [UInt8]) throws(Mistake) {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = bytes.starts(with: mark) ? bytes[mark.count...] : bytes[...]
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, bytes) in lines.enumerated() {
            let ended = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes
            let line = ended.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
            guard !line.isEmpty, line.first != UInt8(ascii: "#") else { continue }
            guard let line = String(validating: line, as: UTF8.self), !line.utf8.contains(0) else {
                throw Mistake(line: index + 1, message: "the line is no text in UTF-8")
            }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard ValueRule.dataKey.problem(with: parts[0]) == nil else {
                throw Mistake(
                    line: index + 1,
                    message:
                        "expected KEY=VALUE with a key of letters, digits, -, _ and ., without a blank before the =; "
                        + "a value has one line")
            }
            let entry = Entry(key: parts[0], text: parts.count > 1 ? parts[1] : nil, line: index + 1)
            entries.removeAll { $0.key == entry.key }
            entries.append(entry)
        }
    }
}
