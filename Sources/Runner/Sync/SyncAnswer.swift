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

    private let token: [UInt8]
    private enum Quote: Sendable {
        case said
        case output
    }

    private var quote: Quote?
    /// All of the answer is there.
    private(set) var isComplete = false
    /// The program that makes the sums.
    private(set) var sumsBy = ContentSum.Program.cksum
    private(set) var missingTools: [String] = []
    private(set) var marks: Set<Mark> = []
    /// What tar and rm said of failures.
    private(set) var said: [String] = []
    /// The last lines that a program has written which was run.
    private(set) var output: [String] = []
    /// That program's.
    private(set) var exitCode: Int?
    /// Whether it was ended because it took too long.
    private(set) var isLate = false
    private(set) var isUnsupervised = false
    private(set) var isUnsignalled = false
    /// The last lines that are no part of an answer: docker tells there why it could not start a shell.
    private(set) var noise: [String] = []
    /// By path.
    private(set) var sums: [[UInt8]: ContentSum] = [:]
    /// By number, of files whose names cksum does not write as they are.
    private(set) var oddSums: [Int: ContentSum] = [:]

    init(token: String) { self.token = Array(token.utf8) + [0x20] }

    mutating func take(_ line: UnsafeRawBufferPointer) {
        guard line.starts(with: token) else {
            if let quote {
                take(line, into: quote)
            } else if let (sum, rest) = Self.sum(line[...]), rest.first == UInt8(ascii: "/") {
                sums[Array(rest)] = sum
            } else if line.elementsEqual("devloop: no dd".utf8) {
                missingTools.append("dd")
            } else {
                note(line[...])
            }
            return
        }
        let words = String(decoding: line[token.count...], as: UTF8.self).split(separator: " ")
        guard let first = words.first else { return }
        let index = words.count > 1 ? Int(words[1]) : nil
        switch (first, index) {
        case ("words", _): quote = .said
        case ("output", _): quote = .output
        case ("said", _): quote = nil
        case ("code", let code?): exitCode = code
        case ("late", _): isLate = true
        case ("unsupervised", _): isUnsupervised = true
        case ("unsignalled", _): isUnsignalled = true
        case ("end", _): isComplete = true
        case ("sums", _): sumsBy = words.last.flatMap { ContentSum.Program(rawValue: String($0)) } ?? sumsBy
        case ("no", _): missingTools += words.dropFirst().map(String.init)
        case ("sum", let index?):
            // Of what it reads from its input, md5sum says that its name is a dash.
            let text = Array("\(words[2...].joined(separator: " ")) /".utf8)
            oddSums[index] = text.withUnsafeBytes { Self.sum($0[...])?.0 }
        case (_, let index?):
            if let mark = Self.mark(first, index) { marks.insert(mark) }
        default: return
        }
    }

    private mutating func take(_ line: UnsafeRawBufferPointer, into quote: Quote) {
        let text = String(decoding: line.prefix(500), as: UTF8.self)
        switch quote {
        // What failed first is why.
        case .said: if said.count < Self.saidLimit { said.append(text) }
        case .output:
            guard !text.isEmpty else { return }
            if output.count == Self.outputLimit { output.removeFirst() }
            output.append(text)
        }
    }

    /// Takes a line that is no part of an answer.
    mutating func note(_ line: some Collection<UInt8>) {
        if noise.count == Self.noiseLimit { noise.removeFirst() }
        noise.append(String(decoding: line.prefix(500), as: UTF8.self))
    }

    private static let saidLimit = 50
    private static let outputLimit = 20
    private static let noiseLimit = 5

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

    /// `4294967295 12 /a name` or `d41d8cd98f00b204e9800998ecf8427e  /a name`: the sum, and what follows it.
    private static func sum(
        _ line: Slice<UnsafeRawBufferPointer>
    ) -> (ContentSum, Slice<UnsafeRawBufferPointer>)? {
        let digits = line.prefix { $0 != 0x20 }
        if digits.count == 32 { return (.md5(Array(digits)), line.dropFirst(digits.count).drop { $0 == 0x20 }) }
        var rest = line
        guard let value = number(&rest), let count = number(&rest), let value = UInt32(exactly: value) else {
            return nil
        }
        return (.cksum(value, count: count), rest)
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
