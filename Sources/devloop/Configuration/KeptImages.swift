/// How many of a service's images are kept, the one that was built last among them.
enum KeptImages: Sendable, Equatable {
    case newest(Int)
    case all
}

extension ValueForm where Value == KeptImages {
    /// A number, or `"all"`.
    static var keptImages: Self {
        let range = 1...1_000
        let shape = ValueShape.oneOf([.number(range, of: "images"), .choice(["all"])])
        return ValueForm(
            shape,
            json: { kept in if case .newest(let count) = kept { .number("\(count)") } else { "all" } },
            read: { value, path, reader in
                if value.string == "all" { return .all }
                if let number = value.integer, range.contains(number) { return .newest(number) }
                reader.report(value, at: path, expected: shape.expectation)
                return nil
            })
    }
}
