import Quantities
import Testing
import Wire

/// A generator whose numbers depend on its seed only.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}

/// Goal: no bytes whatever crash a decoder, and what it does hand out keeps its promises.
///
/// Method: mutate good messages; the seed is in the name of a failure, and runs it again.
@Suite struct FuzzTests {
    static let seeds: [UInt64] = [1, 2, 3, 4, UInt64.random(in: 5...UInt64.max)]

    private func mutate(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var result = bytes
        for _ in 0..<Int.random(in: 1...4, using: &generator) where !result.isEmpty {
            let index = Int.random(in: 0..<result.count, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: result[index] = UInt8.random(in: 0...255, using: &generator)
            case 1: result[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2: result.remove(at: index)
            case 3:
                result.insert(
                    Array("\"\\{}[]:,-u0e.".utf8).randomElement(using: &generator) ?? 0,
                    at: index
                )
            case 4: result.removeSubrange(index..<min(result.count, index + 8))
            default: result.insert(contentsOf: result[index...].prefix(8), at: index)
            }
        }
        return result
    }

    private func check(_ decoded: Decoded, _ seed: UInt64) {
        for message in decoded.messages {
            guard case .usage(let report) = message else { continue }
            #expect(report.tokens.isConsistent, "seed \(seed)")
            #expect((1...64).contains(report.id.length), "seed \(seed)")
            #expect(report.id.bounds.upperBound <= decoded.bytes.count, "seed \(seed)")
            #expect(
                String(validating: decoded.bytes[report.id.bounds], as: UTF8.self) != nil,
                "seed \(seed)"
            )
        }
    }

    @Test(arguments: seeds) func `mutated frames never crash the daemon`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let samples = Samples.clientMessages(.binary)
        for _ in 0..<4000 {
            guard let sample = samples.randomElement(using: &generator) else { return }
            check(decodeFrame(mutate(sample.bytes, &generator)), seed)
        }
    }

    @Test(arguments: seeds) func `mutated lines never crash the daemon`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let samples = Samples.clientMessages(.jsonLines)
        for _ in 0..<4000 {
            guard let sample = samples.randomElement(using: &generator) else { return }
            check(decodeLine(mutate(sample.bytes, &generator)), seed)
        }
    }

    @Test(arguments: seeds, WireEncoding.allCases)
    func `mutated answers never crash a client`(seed: UInt64, encoding: WireEncoding) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            guard let sample = Samples.daemonMessages.randomElement(using: &generator) else {
                return
            }
            var buffer = WireBuffer()
            DaemonEncoder(encoding).append(sample.message, to: &buffer)
            let piece = Int.random(in: 1...200, using: &generator)
            _ = try? decodeDaemon(mutate(buffer.array, &generator), encoding, piece: piece)
        }
    }
}
