extension Duration {
    /// For people: `1.9 s`, from a minute on `1 m 05 s`.
    var text: String { textWithoutUnit + (tenths < 600 ? " s" : "") }

    /// The same without the unit where that is seconds: `1.9`, `1 m 05 s`.
    var textWithoutUnit: String {
        guard tenths >= 600 else { return "\(tenths / 10).\(tenths % 10)" }
        let seconds = (tenths + 5) / 10
        return "\(seconds / 60) m \(seconds % 60 < 10 ? "0" : "")\(seconds % 60) s"
    }

    /// The same of what is quick: `0.02 s`
    var precise: String {
        let (seconds, attoseconds) = components
        let hundredths = (attoseconds + 5_000_000_000_000_000) / 10_000_000_000_000_000
        guard seconds == 0, (0..<100).contains(hundredths) else { return text }
        return "0.\(hundredths < 10 ? "0" : "")\(hundredths) s"
    }

    /// Tenths of a second, rounded; a negative duration counts as none.
    private var tenths: Int64 {
        let (seconds, attoseconds) = components
        return max(0, seconds * 10 + (attoseconds + 50_000_000_000_000_000) / 100_000_000_000_000_000)
    }
}
