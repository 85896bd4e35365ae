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

    /// Whole bytes, rounded up; more than any machine has counts as the most that the engine can reckon with.
    static func bytes(_ value: JSONValue) -> Int? { whole(value, factor: 1) }

    /// Thousandths of a core, rounded up.
    static func thousandths(_ value: JSONValue) -> Int? { whole(value, factor: 1000) }

    /// A limit in the unit of the reader; `nil` where there is none, and for 0, which is none.
    /// - Parameter field: the limit's place, for messages.
    /// - Throws: ``TargetError`` with Kubernetes' words for what it would not take.
    static func limit(_ value: JSONValue?, _ field: String, _ read: (JSONValue) -> Int?) throws -> Int? {
        guard let value, value != .null else { return nil }
        guard let number = read(value) else {
            throw TargetError(
                .configuration, "\(field): \(value) is not a quantity", advice: "write one like 500m, 1.5 or 128Mi")
        }
        guard number >= 0 else {
            throw TargetError(
                .configuration, "\(field): Invalid value: \(value): must be greater than or equal to 0")
        }
        return number == 0 ? nil : number
    }

    private static func whole(_ value: JSONValue, factor: Double) -> Int? {
        guard let number = number(value), number.isFinite else { return nil }
        // What decimal fractions are short of or beyond in binary is no reason to round.
        return Int(min(max((number * factor - 1e-6).rounded(.up), -1), 0x1p60))
    }
}
