import Quantities
import Rating
import Testing

/// Goal: a total is exact, rounds half to even once, and never wraps.
///
/// Method: ties made by hand, the largest numbers there are, and looking ahead compared with
/// trying.
@Suite struct RunTotalTests {
    private func rate(_ units: Int64, thousandths: UInt32 = 1_000) -> BurnRate {
        let price = MachinePrice(units: units)
        let prices = AllocatedPrices(vcpuHour: price, memoryGibHour: .free, storageGibHour: .free)
        return BurnRate(prices, MachineAllocation(vcpuThousandths: thousandths))
    }

    private func after(_ microseconds: Int64, _ rate: BurnRate) throws -> RunTotal {
        try #require(RunTotal.zero.adding(microseconds, at: rate))
    }

    @Test func `the denominator is the one of the charter`() {
        #expect(RunTotal.denominator == 9 * (1 << 19) * 100_000_000_000)
        #expect(RunTotal.denominator == 3_600_000_000_000 << 17)
        #expect(RunTotal.denominator == 439_453_125 << 30)
    }

    @Test(arguments: [(1, 0), (3, 2), (5, 2), (7, 4), (9, 4)] as [(Int64, Int128)])
    func `a half rounds to the even unit`(halves: Int64, expected: Int128) throws {
        // A price of one unit an hour for so many half hours.
        let total = try after(halves * 1_800_000_000, rate(1))
        #expect(total.rounded.units == expected)
        #expect(total.fraction == RunTotal.denominator / 2)
        // The smallest part more or less decides the other way.
        let up = try #require(RunTotal(units: total.units, fraction: total.fraction + 1))
        #expect(up.rounded.units == total.units + 1)
        let down = try #require(RunTotal(units: total.units, fraction: total.fraction - 1))
        #expect(down.rounded.units == total.units)
    }

    @Test func `a half made of time and of bytes together is a half`() throws {
        // A quarter from 15 minutes at 1 unit an hour, a quarter from 2^28 bytes at 1 a GiB.
        let total = try #require(
            try after(900_000_000, rate(1))
                .adding(sentBytes: 1 << 28, at: MachinePrice(units: 1))
        )
        #expect(total.fraction == RunTotal.denominator / 2)
        #expect(total.rounded.units == 0)
        let more = try #require(total.adding(sentBytes: 1, at: MachinePrice(units: 1)))
        #expect(more.rounded.units == 1)
    }

    @Test func `the largest prices, allocation, time and traffic fit`() throws {
        let most = MachinePrice(units: .max)
        let prices = AllocatedPrices(vcpuHour: most, memoryGibHour: most, storageGibHour: most)
        let all = MachineAllocation(
            vcpuThousandths: .max,
            memoryThousandths: .max,
            storageThousandths: .max
        )
        let rate = BurnRate(prices, all)
        let total = try after(.max, rate)
        // 3 x (2^63 - 1) x (2^32 - 1) x (2^63 - 1) / (3.6 x 10^12), computed elsewhere.
        #expect(total.rounded.units == Int128("304479507706379281451215358181174591"))
        let sent = try #require(total.adding(sentBytes: .max, at: most))
        #expect(sent.units - total.units == Int128("158456325028528675161318096896"))
        #expect(rate.amount(forMicroseconds: .max) == total.rounded)
        // Some hundreds of such runs in one are too many, and say so.
        var sum: RunTotal? = total
        var count = 1
        while let more = sum?.adding(.max, at: rate) {
            sum = more
            count += 1
        }
        #expect(count == 328)
        #expect(rate.adding(rate) == nil)
        #expect(self.rate(5).adding(self.rate(6)) == self.rate(11))
    }

    @Test func `beyond the range of an amount there is no total, and nothing wraps`() throws {
        let last = Amount.max.units - 1
        let full = try #require(
            RunTotal(units: last, fraction: RunTotal.denominator - 1)
        )
        #expect(full.rounded == .max)
        #expect(full.adding(oneHour, at: rate(1)) == nil)
        #expect(full.adding(sentBytes: 1 << 30, at: MachinePrice(units: 1)) == nil)
        #expect(full.adding(0, at: rate(1)) == full)
        #expect(full.microseconds(coveredBy: .max, at: rate(1)) == 0)
        #expect(RunTotal(units: last + 1, fraction: 0) == nil)
        #expect(RunTotal(units: -1, fraction: 0) == nil)
        #expect(RunTotal(units: 0, fraction: RunTotal.denominator) == nil)
        #expect(RunTotal(units: 5, fraction: 7)?.units == 5)
        #expect(RunTotal(units: 5, fraction: 7)?.fraction == 7)
    }

    @Test func `negative time is a bug`() async {
        await #expect(processExitsWith: .failure) {
            _ = RunTotal.zero.adding(-1, at: .zero)
        }
    }

    // MARK: - Looking ahead

    @Test func `a balance lasts as long as its debits are within it`() throws {
        // The worked machine: 0.062 an hour.
        let prices = AllocatedPrices(
            vcpuHour: try MachinePrice(decimal: "0.02"),
            memoryGibHour: try MachinePrice(decimal: "0.005"),
            storageGibHour: try MachinePrice(decimal: "0.0001")
        )
        let rate = BurnRate(prices, workedAllocation)
        #expect(rate.amount(forMicroseconds: 10_000_000).description == "0.000172222222")
        let balance = try Amount(decimal: "0.62")
        let time = try #require(RunTotal.zero.microseconds(coveredBy: balance, at: rate))
        // Ten hours; a microsecond costs 17 units, so that half a unit more buys none.
        #expect(time == 10 * oneHour)
        #expect(RunTotal.zero.microseconds(coveredBy: .zero, at: rate) == 0)
        #expect(RunTotal.zero.microseconds(coveredBy: Amount(units: -1), at: rate) == nil)
        #expect(RunTotal.zero.microseconds(coveredBy: .zero, at: .zero) == .max)
        #expect(RunTotal.zero.microseconds(coveredBy: .max, at: self.rate(1)) == .max)
    }

    private func compare(seed: UInt64) throws {
        var random = SeededNumbers(seed: seed)
        for _ in 0..<300 {
            let bits = Int.random(in: 0...62, using: &random)
            let rate = rate(
                .random(in: 1...(Int64(1) << bits), using: &random),
                thousandths: .random(in: 1...(1 << (bits / 2)), using: &random)
            )
            let size = Int.random(in: 0...120, using: &random)
            let total = try #require(
                RunTotal(
                    units: Int128.random(in: 0...(Int128(1) << size), using: &random),
                    fraction: Bool.random(using: &random)
                        ? RunTotal.denominator / 2
                        : .random(in: 0..<RunTotal.denominator, using: &random)
                )
            )
            let wide = Int.random(in: 0...118, using: &random)
            let amount = Amount(units: Int128.random(in: 0...(Int128(1) << wide), using: &random))
            let time = try #require(total.microseconds(coveredBy: amount, at: rate))
            func debit(_ time: Int64) -> Amount? {
                total.adding(time, at: rate)?.debit(after: total.rounded)
            }
            let within = try #require(debit(time), "seed \(seed)")
            #expect(within <= amount, "seed \(seed): \(total) \(rate) \(amount) \(time)")
            guard time < .max, let beyond = debit(time + 1) else { continue }
            #expect(beyond > amount, "seed \(seed): \(total) \(rate) \(amount) \(time)")
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `how long an amount lasts is exact to the microsecond`(seed: UInt64) throws {
        try compare(seed: seed)
    }

    @Test func `it is exact on a fresh seed too`() throws {
        let seed = UInt64.random(in: 0...(.max))
        print("RunTotalTests: fresh seed \(seed)")
        try compare(seed: seed)
    }
}
