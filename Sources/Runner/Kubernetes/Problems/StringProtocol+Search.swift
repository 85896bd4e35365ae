extension StringProtocol {
    /// Where the first occurrence of a text ends; `nil` where there is none.
    func end(of text: String) -> Index? { firstRange(of: text)?.upperBound }
}
