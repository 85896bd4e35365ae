/// What the container's shell says to a request, line by line. Pure.
struct SyncAnswer: Sendable {
    /// What is not as it should be, each with the number of the thing in its list.
    enum Mark: Sendable, Hashable {
        case removal(Int)
        case kept(Int)
        case folder(Int)
        case file(Int)
        case link(Int)
        /// The container's user may not replace it.
        case lockedFile(Int)
        case lockedLink(Int)
        /// A folder that isn't empty is there.
        case occupiedFile(Int)
        case occupiedLink(Int)
    }

    struct Sum: Sendable, Hashable {
        var value: UInt32
        var count: Int
    }

    private let token: [UInt8]
    private var isQuoting = false
    /// All of the answer is there.
    private(set) var isComplete = false
    /// Bytes between two requests were lost: the shell has ended.
    private(set) var isGarbled = false
    private(set) var missingTools: [String] = []
    private(set) var marks: Set<Mark> = []
    /// What tar and rm said of failures.
    private(set) var said: [String] = []
    /// By path.
    private(set) var sums: [[UInt8]: Sum] = [:]
    /// By number, of files whose names cksum does not write as they are.
    private(set) var oddSums: [Int: Sum] = [:]

    init(token: String) { self.token = Array(token.utf8) + [0x20] }

    mutating func take(_ line: UnsafeRawBufferPointer) {
        guard line.starts(with: token) else {
            if isQuoting {
                if said.count < Self.saidLimit { said.append(String(decoding: line.prefix(500), as: UTF8.self)) }
            } else if let (sum, rest) = Self.sum(line[...]), rest.first == UInt8(ascii: "/") {
                sums[Array(rest)] = sum
            } else if line.elementsEqual("devloop: no dd".utf8) {
                missingTools.append("dd")
            } else if line.elementsEqual("devloop: garbled".utf8) {
                isGarbled = true
            }
            return
        }
        let words = String(decoding: line[token.count...], as: UTF8.self).split(separator: " ")
        guard let first = words.first else { return }
        let index = words.count > 1 ? Int(words[1]) : nil
        switch (first, index) {
        case ("words", _): isQuoting = true
        case ("said", _): isQuoting = false
        case ("end", _): isComplete = true
        case ("no", _): missingTools += words.dropFirst().map(String.init)
        case ("sum", let index?):
            guard words.count >= 4, let value = UInt32(words[2]), let count = Int(words[3]) else { return }
            oddSums[index] = Sum(value: value, count: count)
        case (_, let index?):
            if let mark = Self.mark(first, index) { marks.insert(mark) }
        default: return
        }
    }

    private static let saidLimit = 50

    private static func mark(_ word: Substring, _ index: Int) -> Mark? {
        switch word {
        case "removal": .removal(index)
        case "kept": .kept(index)
        case "folder": .folder(index)
        case "file": .file(index)
        case "link": .link(index)
        case "locked-file": .lockedFile(index)
        case "locked-link": .lockedLink(index)
        case "occupied-file": .occupiedFile(index)
        case "occupied-link": .occupiedLink(index)
        default: nil
        }
    }

    /// `4294967295 12 /a name`: the sum, and what follows it.
    private static func sum(
        _ line: Slice<UnsafeRawBufferPointer>
    ) -> (Sum, Slice<UnsafeRawBufferPointer>)? {
        var rest = line
        guard let value = number(&rest), let count = number(&rest), let value = UInt32(exactly: value) else {
            return nil
        }
        return (Sum(value: value, count: count), rest)
    }

    private static func number(_ rest: inout Slice<UnsafeRawBufferPointer>) -> Int? {
        let digits = rest.prefix { $0.isDigit }
        guard !digits.isEmpty, digits.count < 19, digits.endIndex < rest.endIndex, rest[digits.endIndex] == 0x20 else {
            return nil
        }
        rest = rest[(digits.endIndex + 1)...]
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
}
