import CLinux
import Quantities
import Testing

/// Goal: the checksum is CRC-32C, the same by hardware and by table, in one piece or several.
@Suite struct ChecksumTests {
    private func checksum(_ bytes: [UInt8], from start: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { Checksum.crc32c($0, from: start) }
    }

    @Test(
        arguments: [
            // RFC 3720, B.4, and the check value of the catalogue of CRCs.
            (Array("123456789".utf8), 0xE306_9283),
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            ([UInt8](0..<32), 0x46DD_794E),
            ([UInt8]((0..<32).reversed()), 0x113F_DB5C),
            ([], 0),
        ] as [([UInt8], UInt32)]
    )
    func `known vectors`(bytes: [UInt8], expected: UInt32) {
        #expect(checksum(bytes) == expected)
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `hardware and table agree, whole and in parts, at every alignment`(seed: UInt64) {
        var random = SplitMix(state: seed)
        let bytes = (0..<600).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        bytes.withUnsafeBytes { all in
            for _ in 0..<2000 {
                let start = Int(random.next() % 600)
                let end = start + Int(random.next() % UInt64(601 - start))
                let middle = start + Int(random.next() % UInt64(end - start + 1))
                let part = UnsafeRawBufferPointer(rebasing: all[start..<end])
                let whole = Checksum.crc32c(part)
                let head = Checksum.crc32c(UnsafeRawBufferPointer(rebasing: all[start..<middle]))
                let tail = UnsafeRawBufferPointer(rebasing: all[middle..<end])
                #expect(Checksum.crc32c(tail, from: head) == whole, "seed \(seed)")
                guard let base = part.baseAddress else { continue }
                #expect(meterd_crc32c_portable(0, base, part.count) == whole, "seed \(seed)")
            }
        }
    }

    @Test func `hardware and table agree where the input is cut into lanes`() {
        var random = SplitMix(state: 7)
        let bytes = (0..<30_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        bytes.withUnsafeBytes { all in
            guard let base = all.baseAddress else { return }
            let lengths = [12_287, 12_288, 12_289, 16_384, 24_575, 24_576, 24_583, 29_990]
            for length in lengths {
                for start in 0..<9 {
                    let part = UnsafeRawBufferPointer(rebasing: all[start..<start + length])
                    let expected = meterd_crc32c_portable(77, base + start, length)
                    #expect(Checksum.crc32c(part, from: 77) == expected, "\(length) at \(start)")
                }
            }
        }
    }

    @Test func `every single flipped bit is noticed`() {
        let bytes = [UInt8](0..<64)
        let right = checksum(bytes)
        for bit in 0..<512 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(checksum(damaged) != right)
        }
    }
}
