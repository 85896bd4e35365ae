extension Duration {
    /// Reads a duration as Go's tools and kubectl write it, in whole seconds: `90s`, `10m`, `1h30m`; `nil` where it is
    /// none, or longer than a century.
    init?(words text: String) {
        var seconds = 0
        var digits = ""
        for character in text {
            if ("0"..."9").contains(character) {
                digits.append(character)
                continue
            }
            guard let unit = ["h": 3600, "m": 60, "s": 1][character], let count = Int(digits), count <= 1_000_000 else {
                return nil
            }
            seconds += count * unit
            digits = ""
        }
        guard digits.isEmpty, (1...3_200_000_000).contains(seconds) else { return nil }
        self = .seconds(seconds)
    }
}
