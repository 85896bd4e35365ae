extension StringProtocol {
    /// Where a text stands in this one first, byte for byte; `nil` where it doesn't.
    func range(of text: String) -> Range<Index>? {
        var start = utf8.startIndex
        while start < utf8.endIndex {
            if utf8[start...].starts(with: text.utf8) {
                return start..<utf8.index(start, offsetBy: text.utf8.count)
            }
            start = utf8.index(after: start)
        }
        return nil
    }

    /// Where the first occurrence of a text ends; `nil` where there is none.
    func end(of text: String) -> Index? { range(of: text)?.upperBound }
}
