/// A container's log as container runtimes write it to a file, and as `kubectl logs --timestamps` prints it.
///
/// A line of the file is `TIME stdout F TEXT`, or, where the container's line is longer than 16 KiB, a part of it,
/// `TIME stdout P TEXT`, and the last one with `F`
/// (https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md).
struct RuntimeLog {
    /// The lines that are not complete yet, of each of the two streams.
    private var parts: [Bool: [UInt8]] = [:]

    /// The lines of a file as kubectl prints them. A line whose end is in the next file comes with that one.
    mutating func lines(of file: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(file.count)
        for line in file.split(separator: 0x0A, omittingEmptySubsequences: true) { append(line, to: &result) }
        return result
    }

    /// What is left of lines that have no end.
    mutating func rest() -> [UInt8] {
        defer { parts = [:] }
        return parts.sorted { $0.key && !$1.key }.flatMap { $0.value + [0x0A] }
    }

    private mutating func append(_ line: ArraySlice<UInt8>, to result: inout [UInt8]) {
        guard let time = LogCursor.endOfTime(line), line.count >= time - line.startIndex + 10,
            line[time + 7] == 0x20, line[time + 9] == 0x20 || line[time + 9] == UInt8(ascii: ":")
        else { return }
        let isOutput = line[time + 4] == UInt8(ascii: "o")
        let isPart = line[time + 8] == UInt8(ascii: "P")
        let text = line[(time + 10)...]
        if var begun = parts.removeValue(forKey: isOutput) {
            begun += text
            if isPart { parts[isOutput] = begun } else { result += begun + [0x0A] }
        } else if isPart {
            parts[isOutput] = Array(line[...time]) + text
        } else {
            result += line[...time]
            result += text
            result.append(0x0A)
        }
    }

    /// The time of a file's first line; `nil` where it isn't written like this.
    static func firstTime(of file: [UInt8]) -> ArraySlice<UInt8>? {
        LogCursor.endOfTime(file[...]).map { file[..<$0] }
    }
}
