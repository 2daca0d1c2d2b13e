import Quantities
import Rating
import Testing

/// A natural number of any size, the lowest 32 bits first; schoolbook arithmetic only.
private struct Natural: Comparable {
    private var limbs: [UInt32] = []

    init(_ value: UInt64) {
        limbs = [UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32)]
        trim()
    }

    private mutating func trim() {
        while limbs.last == 0 { limbs.removeLast() }
    }

    static func + (left: Natural, right: Natural) -> Natural {
        var sum = Natural(0)
        var carry: UInt64 = 0
        for place in 0..<max(left.limbs.count, right.limbs.count) {
            if place < left.limbs.count { carry += UInt64(left.limbs[place]) }
            if place < right.limbs.count { carry += UInt64(right.limbs[place]) }
            sum.limbs.append(UInt32(truncatingIfNeeded: carry))
            carry >>= 32
        }
        if carry > 0 { sum.limbs.append(UInt32(carry)) }
        return sum
    }

    static func * (left: Natural, right: Natural) -> Natural {
        var product = Natural(0)
        product.limbs = Array(repeating: 0, count: left.limbs.count + right.limbs.count)
        for (place, limb) in left.limbs.enumerated() {
            var carry: UInt64 = 0
            for (offset, other) in right.limbs.enumerated() {
                carry += UInt64(limb) * UInt64(other) + UInt64(product.limbs[place + offset])
                product.limbs[place + offset] = UInt32(truncatingIfNeeded: carry)
                carry >>= 32
            }
            product.limbs[place + right.limbs.count] = UInt32(carry)
        }
        product.trim()
        return product
    }

    static func < (left: Natural, right: Natural) -> Bool {
        if left.limbs.count != right.limbs.count { return left.limbs.count < right.limbs.count }
        for (one, other) in zip(left.limbs.reversed(), right.limbs.reversed()) where one != other {
            return one < other
        }
        return false
    }
}

/// Goal: a machine's run costs what the plain rule says, and no sampling changes a digit.
///
/// Method: an independent model in fractions of two different denominators, with numbers of any
/// size, that walks through a run from change to change; random machines, price versions,
/// allocations, states, traffic and samplings, with printed seeds.
@Suite struct NaiveMachineTests {
    /// Prices as whole numbers of 10^-12 credit: three running, three stopped, and what is sent.
    private struct Version {
        var from: Int64
        var running: [UInt64]
        var stopped: [UInt64]
        var sent: UInt64
    }

    /// What changes at a moment: the allocation and the state from then on, the bytes until then.
    private struct Change {
        var at: Int64
        var allocation: [UInt32]
        var isRunning: Bool
        var sent: UInt64
    }

    private struct Story {
        var versions: [Version]
        var changes: [Change]
        var end: Int64
        var lastSent: UInt64
    }

    /// The charter's rule, word for word: price x quantity x time, added up over everything.
    ///
    /// Time is counted over 1000 x 3,600,000,000, bytes over 2^30, and put together at the end.
    private func naive(_ story: Story) -> (time: Natural, bytes: Natural) {
        var time = Natural(0)
        var bytes = Natural(0)
        for (index, change) in story.changes.enumerated() {
            let isLast = index + 1 == story.changes.count
            let end = isLast ? story.end : story.changes[index + 1].at
            for (number, version) in story.versions.enumerated() {
                let isNewest = number + 1 == story.versions.count
                let until = isNewest ? Int64.max : story.versions[number + 1].from
                let first = max(version.from, change.at)
                let last = min(until, end)
                let prices = change.isRunning ? version.running : version.stopped
                if last > first {
                    for (price, quantity) in zip(prices, change.allocation) {
                        time =
                            time + Natural(price) * Natural(UInt64(quantity))
                            * Natural(UInt64(last - first))
                    }
                }
                // Bytes have the price of the moment when they are reported.
                let sent =
                    (isLast ? story.lastSent : story.changes[index + 1].sent) - change.sent
                if end >= version.from, end < until {
                    bytes = bytes + Natural(version.sent) * Natural(sent)
                }
            }
        }
        return (time, bytes)
    }

    /// Whether an amount is the nearest to the exact total, and even where two are equally near.
    private func isRounded(_ amount: Amount, of exact: (time: Natural, bytes: Natural)) -> Bool {
        let hour = Natural(3_600_000_000_000)
        let gib = Natural(1 << 30)
        let one = hour * gib
        let twice = Natural(2) * (exact.time * gib + exact.bytes * hour)
        guard let units = UInt64(exactly: amount.units) else { return false }
        // 2 x total against 2 x amount - 1 and 2 x amount + 1.
        let above = Natural(2 * units + 1) * one
        if twice > above || (twice == above && units % 2 != 0) { return false }
        guard units > 0 else { return true }
        let below = Natural(2 * units - 1) * one
        return twice > below || (twice == below && units % 2 == 0)
    }

    @Test func `the model itself knows the worked number`() throws {
        let version = Version(
            from: 0,
            running: [20_000_000_000, 5_000_000_000, 100_000_000],
            stopped: [0, 0, 0],
            sent: 90_000_000_000
        )
        let change = Change(at: 0, allocation: [2_000, 4_000, 20_000], isRunning: true, sent: 0)
        let story = Story(
            versions: [version],
            changes: [change],
            end: 5_430_000_000,
            lastSent: 3 << 29
        )
        #expect(isRounded(try Amount(decimal: "0.228516666667"), of: naive(story)))
        #expect(!isRounded(try Amount(decimal: "0.228516666666"), of: naive(story)))
        #expect(!isRounded(try Amount(decimal: "0.228516666668"), of: naive(story)))
        // A price of 1 unit for half an hour is half a unit; of two equally near, 0 is even.
        var half = story
        half.versions[0].running = [1, 0, 0]
        half.changes[0].allocation = [1_000, 0, 0]
        half.end = oneHour / 2
        half.lastSent = 0
        #expect(isRounded(.zero, of: naive(half)))
        #expect(!isRounded(Amount(units: 1), of: naive(half)))
    }

    // MARK: - Random runs

    private func randomStory(_ random: inout SeededNumbers) -> Story {
        /// A number of any magnitude up to so many bits.
        func number(_ bits: Int) -> UInt64 {
            let most = UInt64(1) << Int.random(in: 0...bits, using: &random)
            return .random(in: 0...most, using: &random)
        }
        func price() -> UInt64 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0: 0
            case 1: .random(in: 0...9, using: &random)
            default: number(36)
            }
        }
        func prices() -> [UInt64] { [price(), price(), price()] }
        let end = Int64(number(44)) + 1
        var dates: Set<Int64> = [-5]
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            dates.insert(.random(in: 0...end, using: &random))
        }
        var moments: Set<Int64> = [0]
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            moments.insert(.random(in: 0..<end, using: &random))
        }
        var sent: UInt64 = 0
        let changes = moments.sorted().map { moment in
            let change = Change(
                at: moment,
                allocation: (0..<3).map { _ in
                    Bool.random(using: &random)
                        ? .random(in: 0...9, using: &random) * 1_000
                        : .random(in: 0...1_000_000, using: &random)
                },
                isRunning: Int.random(in: 0..<3, using: &random) > 0,
                sent: sent
            )
            sent += number(33)
            return change
        }
        return Story(
            versions: dates.sorted().map {
                Version(from: $0, running: prices(), stopped: prices(), sent: price())
            },
            changes: changes,
            end: end,
            lastSent: sent
        )
    }

    private func table(_ story: Story) throws -> MachineTable {
        func written(_ prices: [UInt64]) -> WrittenMachinePrices {
            var result = WrittenMachinePrices()
            for (unit, price) in zip(MachineUnit.allocated, prices) {
                result[unit] = MachinePrice(units: Int64(price))
            }
            return result
        }
        return try machineTable([
            MachineRates(
                name: "m",
                versions: story.versions.map { version in
                    var running = written(version.running)
                    running[.sentGib] = MachinePrice(units: Int64(version.sent))
                    return MachineVersion(
                        effectiveFrom: Timestamp(microseconds: version.from),
                        running: running,
                        stopped: written(version.stopped)
                    )
                }
            )
        ])
    }

    /// The run as somebody would meter it who looks at random moments and debits each time.
    private func metered(
        _ story: Story,
        _ table: MachineTable,
        samples: Int,
        _ random: inout SeededNumbers
    ) throws -> (total: RunTotal, debited: Amount) {
        var total = RunTotal.zero
        var debited = Amount.zero
        for (index, change) in story.changes.enumerated() {
            let isLast = index + 1 == story.changes.count
            let end = isLast ? story.end : story.changes[index + 1].at
            var moments = (0..<samples).map { _ in
                Int64.random(in: change.at...end, using: &random)
            }
            moments = moments.sorted() + [end]
            var now = change.at
            for moment in moments {
                let outcome = table.total(
                    total,
                    from: Timestamp(microseconds: now),
                    to: Timestamp(microseconds: moment),
                    machine: 0,
                    allocation: MachineAllocation(
                        vcpuThousandths: change.allocation[0],
                        memoryThousandths: change.allocation[1],
                        storageThousandths: change.allocation[2]
                    ),
                    state: change.isRunning ? .running : .stopped
                )
                total = try #require(outcome.sum)
                debited += total.debit(after: debited)
                now = moment
            }
            let sent = (isLast ? story.lastSent : story.changes[index + 1].sent) - change.sent
            let time = Timestamp(microseconds: end)
            total = try #require(
                table.total(total, sentBytes: sent, at: time, machine: 0).sum
            )
            let debit = total.debit(after: debited)
            #expect(!debit.isNegative)
            debited += debit
        }
        return (total, debited)
    }

    private func compare(seed: UInt64) throws {
        var random = SeededNumbers(seed: seed)
        for _ in 0..<60 {
            let story = randomStory(&random)
            let table = try table(story)
            let exact = naive(story)
            let once = try metered(story, table, samples: 0, &random)
            #expect(isRounded(once.total.rounded, of: exact), "seed \(seed): \(story)")
            #expect(once.debited == once.total.rounded, "seed \(seed): \(story)")
            let often = try metered(story, table, samples: 9, &random)
            #expect(often.total == once.total, "seed \(seed): \(story)")
            #expect(often.debited == once.debited, "seed \(seed): \(story)")
            // What was kept in the middle of a run goes on from there.
            let kept = RunTotal(units: once.total.units, fraction: once.total.fraction)
            #expect(kept == once.total)
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `a run costs what the naive model says, whatever the sampling`(seed: UInt64) throws {
        try compare(seed: seed)
    }

    @Test func `it does so on a fresh seed too`() throws {
        let seed = UInt64.random(in: 0...(.max))
        print("NaiveMachineTests: fresh seed \(seed)")
        try compare(seed: seed)
    }

    @Test func `hours agree with a model that counts them one by one`() throws {
        let seed = UInt64.random(in: 0...(.max))
        print("NaiveMachineTests: fresh seed of hours \(seed)")
        var random = SeededNumbers(seed: seed)
        for _ in 0..<200 {
            let length = Int64.random(in: 0...(50 * oneHour), using: &random)
            var hours: Int64 = 0
            var begins: Int64 = 0
            while begins <= length {
                hours += 1
                begins += oneHour
            }
            #expect(WholeHours.due(afterRunning: length) == hours, "seed \(seed)")
            let isFull = length > 0 && length % oneHour == 0
            #expect(WholeHours.begun(inRunOf: length) == hours - (isFull ? 1 : 0), "seed \(seed)")
        }
    }
}
