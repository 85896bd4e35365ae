/// The arguments of a program as options and the rest.
struct Arguments: Sendable {
    private var options: [(name: String, value: String?)] = []
    /// What is no option and no option's value, before `--`.
    private(set) var operands: [String] = []
    /// What is behind `--`; `nil` where there is none.
    private(set) var rest: [String]?

    /// Reads arguments.
    /// - Parameters:
    ///   - values: the options that have a value, in the next word or behind `=`.
    ///   - endsAtOperand: whether the first operand and all behind it belongs to another program.
    init(_ words: some Sequence<String>, values: Set<String> = [], endsAtOperand: Bool = false) {
        var words = Array(words)[...]
        while let word = words.popFirst() {
            if word == "--" {
                rest = Array(words)
                return
            }
            guard word.hasPrefix("-"), word != "-" else {
                operands.append(word)
                if endsAtOperand {
                    operands += words
                    return
                }
                continue
            }
            if let equals = word.firstIndex(of: "=") {
                options.append((String(word[..<equals]), String(word[word.index(after: equals)...])))
            } else if values.contains(word) {
                // Some values may be left out.
                options.append((word, words.first?.hasPrefix("-") ?? true ? nil : words.popFirst()))
            } else {
                options.append((word, nil))
            }
        }
    }

    /// Whether one of the options is there.
    func has(_ names: String...) -> Bool { options.contains { names.contains($0.name) } }

    /// The values of the options of these names, in order.
    func all(_ names: String...) -> [String] { options.filter { names.contains($0.name) }.compactMap(\.value) }

    /// The last value of the options of these names.
    func value(_ names: String...) -> String? { options.last { names.contains($0.name) }?.value }

    /// The names of the options.
    var names: [String] { options.map(\.name) }

    /// The operands and what is behind `--`.
    var command: [String] { operands + (rest ?? []) }
}
