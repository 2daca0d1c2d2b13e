import Quantities
import Testing

/// Goal: a digest is the same on every machine and for ever (it is stored), and tells states apart.
@Suite struct StateDigestTests {
    @Test func `digests stay what they are`() {
        var digest = StateDigest()
        #expect(digest.description == "9e3779b97f4a7c15c2b2ae3d27d4eb4f")
        digest.combine(UInt64(1))
        #expect(digest.description == "912aec2b2c7e5e3a16477f3eaa1e15ef")
        digest.combine(Int64(-2))
        digest.combine(Amount(units: -3))
        digest.combine(bytes: "organisation".utf8)
        #expect(digest.description == "f319782d6d95bcb903e061cc1119493f")
        #expect(String(digest.value, radix: 16) == digest.description)
    }

    @Test func `order, length and grouping are told apart`() {
        func digest(_ parts: [[UInt8]]) -> StateDigest {
            var digest = StateDigest()
            for part in parts { digest.combine(bytes: part) }
            return digest
        }
        let all = [
            digest([]), digest([[]]), digest([[0]]), digest([[0, 0]]), digest([[], []]),
            digest([[0], []]), digest([[], [0]]), digest([[1, 2]]), digest([[2, 1]]),
            digest([[1], [2]]), digest([[UInt8](repeating: 0, count: 8)]),
            digest([[UInt8](repeating: 0, count: 16)]), digest([[0, 0, 0, 0, 0, 0, 0, 1]]),
        ]
        #expect(Set(all.map(\.value)).count == all.count)
    }

    @Test func `a hundred thousand small states share no digest, nor half of one`() {
        var low: Set<UInt64> = []
        var high: Set<UInt64> = []
        for number in 0..<100_000 as Range<UInt64> {
            var digest = StateDigest()
            digest.combine(number % 300)
            digest.combine(number / 300)
            low.insert(UInt64(truncatingIfNeeded: digest.value))
            high.insert(UInt64(truncatingIfNeeded: digest.value >> 64))
        }
        #expect(low.count == 100_000)
        #expect(high.count == 100_000)
    }

    @Test func `ids that differ in one byte share no digest`() {
        var seen: Set<UInt128> = []
        for length in 1...40 {
            for place in 0..<length {
                for byte in [UInt8(0), 1, 0x7F, 0x80, 0xFF] {
                    var id = [UInt8](repeating: 0x41, count: length)
                    id[place] = byte
                    var digest = StateDigest()
                    digest.combine(bytes: id)
                    seen.insert(digest.value)
                }
            }
        }
        #expect(seen.count == 40 * 41 / 2 * 5)
    }
}
