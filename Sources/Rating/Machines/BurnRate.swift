import Quantities

/// How fast a machine costs while nothing changes.
///
/// Units:       10^-15 credit an hour, which is what thousandths of a vCPU or GiB at a price of
///              10^-12 credit make, exactly.
/// Invariants:  not negative, and below 2^97: three resources below 2^32 at prices below 2^63.
@frozen
public struct BurnRate: Sendable, Hashable, Comparable, BitwiseCopyable {
    /// The rate in 10^-15 credit an hour.
    public let thousandths: Int128

    /// A machine that costs nothing as time passes.
    @inlinable public static var zero: BurnRate { BurnRate(thousandths: 0) }

    @usableFromInline static var limit: Int128 { 1 << 97 }

    @inlinable
    init(thousandths: Int128) {
        invariant(thousandths >= 0 && thousandths < BurnRate.limit, "a burn rate is in its range")
        self.thousandths = thousandths
    }

    /// The rate of a price by the hour.
    ///
    /// - Parameter price: What an hour costs.
    public init(perHour price: MachinePrice) {
        self.init(thousandths: Int128(price.units) &* 1_000)
    }

    /// The rate of an allocation.
    ///
    /// - Parameters:
    ///   - prices: What the allocated units cost for an hour.
    ///   - allocation: How much of each there is.
    public init(_ prices: AllocatedPrices, _ allocation: MachineAllocation) {
        // Below 3 x 2^63 x 2^32: nothing wraps.
        var sum = Int128(prices.vcpuHour.units) &* Int128(allocation.vcpuThousandths)
        sum &+= Int128(prices.memoryGibHour.units) &* Int128(allocation.memoryThousandths)
        sum &+= Int128(prices.storageGibHour.units) &* Int128(allocation.storageThousandths)
        self.init(thousandths: sum)
    }

    /// What an hour costs, rounded half to even to 10^-12 credit.
    public var perHour: Amount {
        Amount(units: Rounding.halfToEven(thousandths, dividedBy: 1_000))
    }

    /// What a second costs, rounded half to even to 10^-12 credit.
    public var perSecond: Amount {
        Amount(units: Rounding.halfToEven(thousandths, dividedBy: 3_600_000))
    }

    /// What so much time costs, rounded half to even to 10^-12 credit: a stop margin, for example.
    ///
    /// It always fits: see `RunTotal.adding(_:at:)`.
    ///
    /// - Parameter microseconds: How long; not negative.
    /// - Returns: The amount.
    public func amount(forMicroseconds microseconds: Int64) -> Amount {
        guard let total = RunTotal.zero.adding(microseconds, at: self) else {
            invariantBroken("the cost of any time at any rate fits an amount")
        }
        return total.rounded
    }

    /// Orders by value.
    @inlinable
    public static func < (left: BurnRate, right: BurnRate) -> Bool {
        left.thousandths < right.thousandths
    }

    /// The rate of two machines together, or nil when it leaves the range of a rate.
    ///
    /// - Parameter other: The rate to add.
    /// - Returns: The sum, or nil.
    public func adding(_ other: BurnRate) -> BurnRate? {
        let sum = thousandths &+ other.thousandths
        return sum < BurnRate.limit ? BurnRate(thousandths: sum) : nil
    }
}
