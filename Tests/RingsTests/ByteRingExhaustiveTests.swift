import Testing

/// Goal: no short history of calls makes a ring differ from its model.
///
/// Method: every sequence of steps, from every offset, on one thread.
@Suite struct ByteRingExhaustiveTests {
    @Test(arguments: [0, 8, 16, 24, 32, 40, 48, 56])
    func `every history of four steps agrees with the model`(offset: Int) {
        tryEveryHistory(steps: 4, from: offset)
    }

    @Test(arguments: [0, 40, 56])
    func `every history of five steps agrees with the model`(offset: Int) {
        tryEveryHistory(steps: 5, from: offset)
    }

    @Test(arguments: [64, 128, 256, 1024], [UInt64(1), 2, 3])
    func `long random histories agree with the model`(capacity: Int, seed: UInt64) {
        var random = SplitMix(seed: seed)
        let steps = RingPair.Step.allCases
        var pair = RingPair(capacity: capacity, startingAt: 0)
        for count in 0..<5000 {
            pair.take(steps[Int(random.next() % UInt64(steps.count))])
            if !pair.agrees {
                Issue.record("differs after \(count) steps, capacity \(capacity), seed \(seed)")
                return
            }
        }
    }

    private func tryEveryHistory(steps length: Int, from offset: Int) {
        let steps = RingPair.Step.allCases
        var history = [Int](repeating: 0, count: length)
        repeat {
            var pair = RingPair(capacity: 64, startingAt: offset)
            for index in history {
                pair.take(steps[index])
                if !pair.agrees {
                    Issue.record("differs after \(history.map { steps[$0] }) from \(offset)")
                    return
                }
            }
        } while advance(&history, below: steps.count)
    }

    /// Counts up in base `limit`; false after the last number.
    private func advance(_ digits: inout [Int], below limit: Int) -> Bool {
        for index in digits.indices {
            digits[index] += 1
            if digits[index] < limit { return true }
            digits[index] = 0
        }
        return false
    }
}

/// A small generator whose numbers follow from the seed alone.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
