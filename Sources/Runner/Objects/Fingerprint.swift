/// A 64-bit FNV-1a hash (http://www.isthe.com/chongo/tech/comp/fnv/): the same in every run, unlike `Hasher`'s.
package struct Fingerprint {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    /// Adds a text and its end.
    package mutating func add(_ text: String) {
        for byte in text.utf8 { combine(byte) }
        combine(0xFF)
    }

    /// Sixteen hexadecimal digits.
    package var text: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private mutating func combine(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }
}
