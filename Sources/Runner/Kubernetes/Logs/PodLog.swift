/// What is shown of the log of one container, over all readers that it takes. Pure: bytes in, lines out.
///
/// While a new file may begin on the node at any moment, lines are held back until it is known that none did: what
/// comes after it may come too early.
struct PodLog: Sendable {
    /// Why a reader has to be stopped.
    enum Interruption: Sendable {
        /// A line came that does not follow the last one.
        case gap
        /// The node has begun a new file.
        case rotated
        /// Whether the node has begun a new file can only be seen by beginning again.
        case unknown
    }

    /// Whether every line is shown, also of the container's runs that nobody saw.
    let isWhole: Bool
    /// Whether lines are held back.
    private(set) var isHolding = false
    private(set) var interruption: Interruption?
    /// Bytes of the file on the node, as far as it was read.
    private(set) var size = 0

    private var cursor: LogCursor
    /// The cursor before the lines that are held back.
    private var confirmed: LogCursor
    private var held: [[UInt8]] = []
    private var heldBytes = 0
    private var splitter = LineSplitter()
    /// Whether a reader has come to the end of the log.
    private(set) var hasBeenRead = false
    /// A last line without an end, which may be cut or how the container ended.
    private var unfinished: [UInt8] = []

    /// Bytes that may be held back.
    private static let heldLimit = 8 << 20

    init(isWhole: Bool) {
        self.isWhole = isWhole
        cursor = LogCursor(isWhole: isWhole)
        confirmed = cursor
    }

    /// The time of the last line that was shown.
    var lastTime: String? { confirmed.resumeFrom }
    /// The time from which the next reader has to read: `nil` is the log's beginning.
    var resumeFrom: String? { confirmed.isAtSeam ? nil : confirmed.resumeFrom }
    /// The time from which the log of the run before has to be read.
    var previousFrom: String? { confirmed.previousFrom }
    /// Whether lines wait for ``confirm()``.
    var hasHeld: Bool { !held.isEmpty }
    /// Whether the reader came upon the last line that was shown, or there was none.
    var isContinuous: Bool { !cursor.isReplaying }

    /// A reader begins, at ``resumeFrom``, ``previousFrom`` or before.
    /// - Parameters:
    ///   - inPrevious: whether it reads the run before.
    ///   - holds: whether its lines are held back.
    mutating func begin(inPrevious: Bool = false, holds: Bool = false) {
        cursor = confirmed
        (held, heldBytes, unfinished, splitter, interruption) = ([], 0, [], LineSplitter(), nil)
        isHolding = holds
        cursor.beginAgain(inPrevious: inPrevious)
    }

    /// Takes what was read; returns the lines to show now.
    mutating func take(_ piece: UnsafeRawBufferPointer) -> [[UInt8]] {
        guard interruption == nil else { return [] }
        var lines: [[UInt8]] = []
        var splitter = splitter
        self.splitter = LineSplitter()
        splitter.split(piece) { line in take(line: line, &lines) }
        self.splitter = splitter
        if isHolding {
            held += lines
            if heldBytes > Self.heldLimit { interruption = .unknown }
            return []
        }
        confirmed = cursor
        return lines
    }

    private mutating func take(line: UnsafeRawBufferPointer, _ lines: inout [[UInt8]]) {
        guard interruption == nil, !Self.isNotice(line) else { return }
        switch cursor.judge(line) {
        case .repeated: break
        case .gap: interruption = .gap
        case .new(let start):
            lines.append(Array(line[start...]))
            // Time, stream and tag stand before each part of a line on the node.
            size += line.count + 10 + 41 * (line.count >> 14)
            if isHolding { heldBytes += line.count }
        }
    }

    /// The reader has ended.
    /// - Parameters:
    ///   - isComplete: whether it ended with the log, so that a line without an end is no cut one.
    ///   - isFinal: whether the container won't write any more, so that it has no end.
    /// - Returns: the lines to show.
    mutating func end(isComplete: Bool, isFinal: Bool) -> [[UInt8]] {
        guard isComplete, interruption == nil else { return [] }
        if isHolding { return isFinal ? takeRest() : [] }
        hasBeenRead = true
        var rest: [UInt8] = []
        splitter.finish { rest = $0 }
        unfinished = rest
        return isFinal ? takeRest() : []
    }

    /// What waits to be read again, where nothing can be read any more.
    mutating func takeRest() -> [[UInt8]] {
        var lines = takeHeld().lines
        let line = unfinished
        unfinished = []
        if !line.isEmpty { line.withUnsafeBytes { take(line: $0, &lines) } }
        confirmed = cursor
        return lines
    }

    /// The next reader is at the beginning of another log, which goes on where this one ended.
    /// - Parameter newFile: whether the node has begun a new file for it.
    mutating func goOn(newFile: Bool) {
        confirmed.goOn()
        cursor = confirmed
        if newFile { size = 0 }
    }

    // MARK: - Lines that are held back

    /// From now on lines are held back.
    mutating func hold() { isHolding = true }

    /// Takes out what is held back now, with the cursor after it.
    mutating func takeHeld() -> (lines: [[UInt8]], cursor: LogCursor) {
        defer { (held, heldBytes) = ([], 0) }
        return (held, cursor)
    }

    /// Lines that were taken out wait again.
    mutating func putBack(_ lines: [[UInt8]]) { held = lines + held }

    /// Lines that were taken out belong where they were, and were shown.
    mutating func confirm(_ cursor: LogCursor) { confirmed = cursor }

    /// From now on lines are shown at once, where none waits.
    mutating func stopHolding() { if held.isEmpty { isHolding = false } }

    mutating func interrupt(_ interruption: Interruption) { self.interruption = self.interruption ?? interruption }

    /// What is known of the file's size.
    mutating func setSize(_ size: Int) { self.size = max(size, self.size) }

    /// What a kubelet says in place of a log that it has deleted by now.
    static func isNotice(_ line: UnsafeRawBufferPointer) -> Bool {
        line.count > 40 && line[0] == UInt8(ascii: "u")
            && line.starts(with: "unable to retrieve container logs for ".utf8)
    }
}
