import Quantities

/// What a machine's run has cost since its start, exactly.
///
/// Layout:      whole units and a fraction of one: `units + fraction / denominator`.
/// Units:       10^-12 credit; the fraction counts 1 / (9 x 2^19 x 10^11) of that.
/// Invariants:  0 <= units < 10^38 - 1 and 0 <= fraction < denominator, so that the rounded total
///              is an amount.
/// Cost:        no allocation; time costs two divisions of 128 bits, bytes and reading none.
/// Why:         every charge of a machine is a whole number of these fractions: time is a quantity
///              in thousandths x microseconds x a price, over 1000 x 3.6 x 10^9, and traffic is
///              bytes x a price, over 2^30; the denominator is the least common multiple of the
///              two. So the total is exact, whatever the sampling, and across changes of price and
///              allocation; nothing is ever rounded but what is read (`rounded`), once, on the
///              whole. It is all of a run's money, in 24 bytes, and needs no price to be read.
@frozen
public struct RunTotal: Sendable, Hashable, BitwiseCopyable {
    /// The whole units of 10^-12 credit.
    public let units: Int128
    /// The rest, in parts of a unit.
    public let fraction: UInt64

    /// How many fractions make a unit: 9 x 2^19 x 10^11.
    @inlinable public static var denominator: UInt64 { 471_859_200_000_000_000 }
    /// A run that has cost nothing.
    @inlinable public static var zero: RunTotal { RunTotal(known: 0, 0) }

    /// Microseconds in an hour, times a thousand: what rate x time is divided by.
    private static var hour: Int128 { 3_600_000_000_000 }
    /// Fractions in a rate of 1 for a microsecond: the denominator over `hour`.
    private static var perHourPart: UInt64 { 1 << 17 }
    /// Fractions in a price of 1 for a byte: the denominator over 2^30.
    private static var perGibPart: UInt64 { 439_453_125 }

    @inlinable
    init(known units: Int128, _ fraction: UInt64) {
        self.units = units
        self.fraction = fraction
    }

    /// A total that was kept, or nil when there is no such total.
    ///
    /// - Parameters:
    ///   - units: The whole units.
    ///   - fraction: The rest.
    public init?(units: Int128, fraction: UInt64) {
        guard units >= 0, units < Amount.max.units, fraction < RunTotal.denominator else {
            return nil
        }
        self.init(known: units, fraction)
    }

    // MARK: - Reading

    /// The total as an amount, rounded half to even.
    public var rounded: Amount {
        let rest = RunTotal.denominator - fraction
        let away = fraction > rest || (fraction == rest && units & 1 != 0)
        return Amount(units: away ? units &+ 1 : units)
    }

    /// What is to be debited so that all debits together are the rounded total.
    ///
    /// - Parameter debited: What all debits before have made together.
    /// - Returns: The difference; it is never negative, as a total only grows.
    public func debit(after debited: Amount) -> Amount {
        rounded - debited
    }

    // MARK: - Adding

    /// The total after so much more time at a rate, or nil when it leaves the range of an amount.
    ///
    /// One run never does by its time: rates below 2^97 for less than 2^63 microseconds make less
    /// than 2^119 units, and an amount carries more than 2^126. Splitting the time changes nothing.
    ///
    /// - Parameters:
    ///   - microseconds: How long; not negative.
    ///   - rate: How fast it costs.
    /// - Returns: The total, or nil.
    public func adding(_ microseconds: Int64, at rate: BurnRate) -> RunTotal? {
        invariant(microseconds >= 0, "time is added, not taken away")
        // The rate is divided first, so that both products fit: its whole part is below 2^56 and
        // its rest below 2^42, and time is below 2^63.
        let (whole, rest) = rate.thousandths.quotientAndRemainder(dividingBy: RunTotal.hour)
        let (more, last) = (rest &* Int128(microseconds))
            .quotientAndRemainder(dividingBy: RunTotal.hour)
        return adding(
            units: whole &* Int128(microseconds) &+ more,
            fraction: UInt64(truncatingIfNeeded: last) &* RunTotal.perHourPart
        )
    }

    /// The total after so many more bytes, or nil when it leaves the range of an amount.
    ///
    /// One run never does by its bytes: fewer than 2^64 of them at prices below 2^63 for 2^30 make
    /// less than 2^97 units.
    ///
    /// - Parameters:
    ///   - bytes: How many.
    ///   - price: What a GiB costs.
    /// - Returns: The total, or nil.
    public func adding(sentBytes bytes: UInt64, at price: MachinePrice) -> RunTotal? {
        // Below 2^63 x 2^64: fits.
        let product = Int128(price.units) &* Int128(bytes)
        return adding(
            units: product >> 30,
            fraction: UInt64(truncatingIfNeeded: product & ((1 << 30) - 1)) &* RunTotal.perGibPart
        )
    }

    /// Both are fractions below the denominator, so one carry is all there can be.
    private func adding(units more: Int128, fraction rest: UInt64) -> RunTotal? {
        let sum = fraction &+ rest
        let carries = sum >= RunTotal.denominator
        let (units, overflow) = units.addingReportingOverflow(more &+ (carries ? 1 : 0))
        guard !overflow, units < Amount.max.units else { return nil }
        return RunTotal(known: units, carries ? sum &- RunTotal.denominator : sum)
    }

    // MARK: - Looking ahead

    /// For how long an amount lasts at a rate.
    ///
    /// The result `t` is exact: the debit for `t` more microseconds is within the amount, and for
    /// one more it is not (or `t` is `Int64.max`, which means that there is no end to it).
    ///
    /// - Parameters:
    ///   - amount: What may be debited beyond `rounded`.
    ///   - rate: How fast the run costs; nothing is sent.
    /// - Returns: The time in microseconds, or nil when the amount is below zero.
    public func microseconds(coveredBy amount: Amount, at rate: BurnRate) -> Int64? {
        guard !amount.isNegative else { return nil }
        guard rate > .zero else { return .max }
        let (limit, overflow) = rounded.units.addingReportingOverflow(amount.units)
        guard !overflow, limit < Amount.max.units, limit &- units < RunTotal.nearUnits else {
            // Beyond the largest amount there is no total to debit.
            return searched(upTo: overflow ? Amount.max.units : limit, at: rate)
        }
        // A total rounds to the limit or less up to half a unit above it; half to even gives it
        // the half itself only where the limit is even.
        var room = (limit &- units) &* Int128(RunTotal.denominator)
        room &+= Int128(RunTotal.denominator / 2) &- Int128(fraction)
        if limit & 1 != 0 { room &-= 1 }
        return Int64(clamping: room / (rate.thousandths &* Int128(RunTotal.perHourPart)))
    }

    /// Up to here, 2 x 10^8 credits, units count as fractions within 128 bits.
    private static var nearUnits: Int128 { 200_000_000_000_000_000_000 }

    /// The same by trying: 63 halvings, for amounts that hardly anybody has.
    private func searched(upTo last: Int128, at rate: BurnRate) -> Int64 {
        var low: Int64 = 0
        var high = Int64.max
        while low < high {
            let middle = low &+ (high &- low) / 2 &+ 1
            let total = adding(middle, at: rate)
            if let total, total.rounded.units <= last {
                low = middle
            } else {
                high = middle &- 1
            }
        }
        return low
    }
}
