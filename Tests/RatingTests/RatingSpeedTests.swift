import Quantities
import Rating
import Testing

/// Goal: rating costs next to nothing.
///
/// Method: time many charges and print the mean; nothing is asserted on time, which depends on the
/// machine and on the build.
@Suite struct RatingSpeedTests {
    @Test func `a charge takes nanoseconds`() throws {
        let table = try RateTable(workedCard())
        let rounds = 200_000
        var random = SeededNumbers(seed: 42)
        let requests = (0..<1_024).map { _ in
            let input = UInt32.random(in: 0...250_000, using: &random)
            return TokenCounts(input: input, cacheRead: input / 2, output: input / 16)
        }
        var sum = Amount.zero
        let start = ContinuousClock.now
        for round in 0..<rounds {
            let model = round % 3
            guard let version = table.version(of: model, at: .epoch),
                let charge = table.charge(
                    requests[round & 1_023],
                    version: version,
                    failed: false,
                    cacheHit: false
                )
            else { continue }
            sum += charge.amount
        }
        let time = start.duration(to: .now)
        let nanoseconds = Double(time.components.attoseconds) / 1e9 / Double(rounds)
        print("RatingSpeedTests: \(nanoseconds) ns for version and charge, sum \(sum)")
        #expect(sum.isPositive)
    }
}
