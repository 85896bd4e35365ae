/// Kubernetes' quantities: `128Mi`, `0.5`, `500m`, `1e3`
/// (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/).
enum Quantity {
    private static let suffixes: [(String, Double)] = [
        ("Ki", 0x1p10), ("Mi", 0x1p20), ("Gi", 0x1p30), ("Ti", 0x1p40), ("Pi", 0x1p50), ("Ei", 0x1p60),
        ("n", 1e-9), ("u", 1e-6), ("m", 1e-3), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15),
        ("E", 1e18),
    ]

    /// The number that a JSON string or number stands for; `nil` where it is none.
    static func number(_ value: JSONValue) -> Double? {
        let text: String
        switch value {
        case .string(let string): text = string
        case .number(let digits): text = digits
        default: return nil
        }
        for (suffix, factor) in suffixes where text.hasSuffix(suffix) {
            return Double(text.dropLast(suffix.count)).map { $0 * factor }
        }
        return Double(text)
    }

    /// Whole bytes, rounded up.
    static func bytes(_ value: JSONValue) -> Int? {
        number(value).flatMap { Int(exactly: $0.rounded(.up)) }
    }

    /// Cores to a thousandth, as `docker --cpus` takes them.
    static func processors(_ value: JSONValue) -> String? {
        guard let thousandths = number(value).flatMap({ Int(exactly: ($0 * 1000).rounded()) }), thousandths > 0 else {
            return nil
        }
        let fraction = String(thousandths % 1000)
        return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}
