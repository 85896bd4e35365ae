/// What a screen can show.
struct Appearance: Sendable, Equatable {
    /// Whether standard output takes colors.
    var outputColors = false
    /// Whether standard error takes colors.
    var errorColors = false
    /// Whether it takes `│ · ✓ ✗`; otherwise `| - + x` stand for them.
    var isUnicode = true

    /// Decides it the way most programs do.
    ///
    /// Colors: `--color` first; then none where `NO_COLOR` is set (https://no-color.org) or the terminal can't; then
    /// each stream that is a terminal. Characters: the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set.
    static func detect(
        color: ColorChoice, environment: [String: String], outputIsTerminal: Bool, errorIsTerminal: Bool
    ) -> Appearance {
        let isColorful: Bool? =
            switch color {
            case .always: true
            case .never: false
            case .auto:
                environment["NO_COLOR", default: ""].isEmpty
                    && !["", "dumb"].contains(environment["TERM", default: ""]) ? nil : false
            }
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        let encoding = locale.lowercased()
        return Appearance(
            outputColors: isColorful ?? outputIsTerminal, errorColors: isColorful ?? errorIsTerminal,
            isUnicode: encoding.contains("utf-8") || encoding.contains("utf8"))
    }
}
