/// SipHash-2-4 (https://www.aumasson.jp/siphash/siphash.pdf): who does not have the key can't find out from a hash what
/// was hashed, not even by trying every value of a short one. What stands in a label for everybody to read may be the
/// hash of a Secret.
package struct KeyedHash: Sendable, Hashable {
    /// How many bytes a key has.
    package static let keyLength = 16

    private let first: UInt64
    private let second: UInt64

    /// - Parameter key: as many bytes as ``keyLength``, by chance; what is missing counts as 0.
    package init(key: [UInt8]) {
        first = Self.word(key[...])
        second = Self.word(key.dropFirst(8))
    }

    /// A key by chance.
    package static func randomKey() -> [UInt8] { (0..<keyLength).map { _ in UInt8.random(in: 0...UInt8.max) } }

    /// The hash of bytes.
    package func hash(_ bytes: [UInt8]) -> UInt64 {
        var state = State(
            v0: first ^ 0x736f_6d65_7073_6575, v1: second ^ 0x646f_7261_6e64_6f6d,
            v2: first ^ 0x6c79_6765_6e65_7261, v3: second ^ 0x7465_6462_7974_6573)
        var rest = bytes[...]
        while rest.count >= 8 {
            state.add(Self.word(rest))
            rest = rest.dropFirst(8)
        }
        state.add(Self.word(rest) | UInt64(truncatingIfNeeded: bytes.count) << 56)
        state.v2 ^= 0xff
        for _ in 0..<4 { state.round() }
        return state.v0 ^ state.v1 ^ state.v2 ^ state.v3
    }

    private struct State {
        var v0, v1, v2, v3: UInt64

        mutating func add(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }

        mutating func round() {
            v0 &+= v1
            v1 = rotated(v1, 13) ^ v0
            v0 = rotated(v0, 32)
            v2 &+= v3
            v3 = rotated(v3, 16) ^ v2
            v0 &+= v3
            v3 = rotated(v3, 21) ^ v0
            v2 &+= v1
            v1 = rotated(v1, 17) ^ v2
            v2 = rotated(v2, 32)
        }

        private func rotated(_ word: UInt64, _ count: UInt64) -> UInt64 { word << count | word >> (64 - count) }
    }

    /// The first eight bytes, the least significant first.
    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
