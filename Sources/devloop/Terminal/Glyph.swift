/// The characters outside ASCII that devloop writes by itself.
enum Glyph: Unicode.Scalar, CaseIterable {
    /// Between a service's name and its log line.
    case bar = "│"
    /// Between the parts of a line; before a note.
    case dot = "·"
    /// Before what is done.
    case check = "✓"
    /// Before what failed.
    case cross = "✗"

    /// What stands for it where the screen takes only ASCII.
    var ascii: String {
        switch self {
        case .bar: "|"
        case .dot: "-"
        case .check: "+"
        case .cross: "x"
        }
    }

    /// It, or what stands for it.
    func text(isUnicode: Bool) -> String { isUnicode ? String(rawValue) : ascii }

    /// A character of a message: where it is one of ours and the screen can't show it, what stands for it.
    static func shown(_ scalar: Unicode.Scalar, isUnicode: Bool) -> String {
        guard !isUnicode, let glyph = Glyph(rawValue: scalar) else { return String(scalar) }
        return glyph.ascii
    }
}
