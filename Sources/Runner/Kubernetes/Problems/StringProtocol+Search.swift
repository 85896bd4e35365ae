extension StringProtocol {
    /// Where the first occurrence of a text ends, byte for byte; `nil` where there is none.
    func end(of text: String) -> Index? {
        var start = utf8.startIndex
        while start < utf8.endIndex {
            if utf8[start...].starts(with: text.utf8) { return utf8.index(start, offsetBy: text.utf8.count) }
            start = utf8.index(after: start)
        }
        return nil
    }
}
