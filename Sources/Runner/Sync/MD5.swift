/// What `md5sum` prints (https://www.rfc-editor.org/rfc/rfc1321): not against anybody who means harm, but as good as any
/// sum to see that what was written is what was sent.
struct MD5: Sendable {
    private var state: (UInt32, UInt32, UInt32, UInt32) = (0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476)
    private var count = 0
    /// What is no whole block yet.
    private var rest: [UInt8] = []

    private static let blockSize = 64
    private static let shifts: [UInt32] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
    /// The whole part of 2³² times the sine of 1, 2, 3, …
    private static let sines: [UInt32] = [
        0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
        0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
        0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
        0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
        0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
        0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
        0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
        0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
    ]

    /// Takes the next piece of the content.
    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        count += bytes.count
        var start = 0
        if !rest.isEmpty {
            start = min(bytes.count, Self.blockSize - rest.count)
            rest += bytes[..<start]
            guard rest.count == Self.blockSize else { return }
            rest.withUnsafeBytes { Self.mix(&state, UnsafeRawBufferPointer($0), at: 0) }
            rest = []
        }
        while start + Self.blockSize <= bytes.count {
            Self.mix(&state, bytes, at: start)
            start += Self.blockSize
        }
        rest += bytes[start...]
    }

    /// As 32 hexadecimal digits.
    var digits: [UInt8] {
        var end = self
        let length = UInt64(truncatingIfNeeded: count) << 3
        let zeros = (119 - count % Self.blockSize) % Self.blockSize
        let last =
            [0x80] + [UInt8](repeating: 0, count: zeros) + (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        last.withUnsafeBytes { end.take($0) }
        let hexadecimal = Array("0123456789abcdef".utf8)
        return [end.state.0, end.state.1, end.state.2, end.state.3].flatMap { word in
            (0..<4).flatMap { index in
                let byte = Int(word >> (8 * UInt32(index)) & 255)
                return [hexadecimal[byte >> 4], hexadecimal[byte & 15]]
            }
        }
    }

    private static func mix(
        _ state: inout (UInt32, UInt32, UInt32, UInt32), _ bytes: UnsafeRawBufferPointer, at start: Int
    ) {
        var (a, b, c, d) = state
        shifts.withUnsafeBufferPointer { shifts in
            sines.withUnsafeBufferPointer { sines in
                for step in 0..<64 {
                    let mixed: UInt32
                    let word: Int
                    switch step >> 4 {
                    case 0: (mixed, word) = (b & c | ~b & d, step)
                    case 1: (mixed, word) = (d & b | ~d & c, (5 &* step &+ 1) & 15)
                    case 2: (mixed, word) = (b ^ c ^ d, (3 &* step &+ 5) & 15)
                    default: (mixed, word) = (c ^ (b | ~d), (7 &* step) & 15)
                    }
                    let next = UInt32(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: start &+ 4 &* word, as: UInt32.self))
                    let sum = a &+ mixed &+ sines[step] &+ next
                    let shift = shifts[step >> 4 &* 4 &+ step & 3]
                    (a, d, c) = (d, c, b)
                    b = b &+ (sum &<< shift | sum &>> (32 &- shift))
                }
            }
        }
        state = (state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d)
    }
}
