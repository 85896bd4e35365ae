/// The checksum that `cksum` prints (https://pubs.opengroup.org/onlinepubs/9699919799/utilities/cksum.html): a CRC of the
/// content with its length behind it.
struct PosixChecksum: Sendable {
    private var remainder: UInt32 = 0
    private(set) var count = 0

    /// Eight tables: that of a byte, and of a byte with up to seven zeros behind it.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte) << 24
            for _ in 0..<8 { value = value & 0x8000_0000 == 0 ? value << 1 : value << 1 ^ 0x04C1_1DB7 }
            tables[byte] = value
        }
        for index in 256..<tables.count {
            let before = tables[index - 256]
            tables[index] = before << 8 ^ tables[Int(before >> 24)]
        }
        return tables
    }()

    /// Takes the next piece of the content.
    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        count += bytes.count
        var value = remainder
        Self.tables.withUnsafeBufferPointer { table in
            var index = 0
            while index + 8 <= bytes.count {
                let high = value ^ UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
                let low = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: index + 4, as: UInt32.self))
                let first =
                    table[1792 + Int(high >> 24)] ^ table[1536 + Int(high >> 16 & 255)]
                    ^ table[1280 + Int(high >> 8 & 255)] ^ table[1024 + Int(high & 255)]
                let second =
                    table[768 + Int(low >> 24)] ^ table[512 + Int(low >> 16 & 255)]
                    ^ table[256 + Int(low >> 8 & 255)] ^ table[Int(low & 255)]
                value = first ^ second
                index += 8
            }
            while index < bytes.count {
                value = value << 8 ^ table[Int(UInt8(truncatingIfNeeded: value >> 24) ^ bytes[index])]
                index += 1
            }
        }
        remainder = value
    }

    /// The number that `cksum` prints for what was taken.
    var value: UInt32 {
        var result = remainder
        var length = count
        while length > 0 {
            let index = Int(UInt8(truncatingIfNeeded: result >> 24) ^ UInt8(truncatingIfNeeded: length))
            result = result << 8 ^ Self.tables[index]
            length >>= 8
        }
        return ~result
    }
}
