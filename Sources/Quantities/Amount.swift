/// A number of credits, exact to 10^-12, positive or negative.
///
/// Units:       one unit is 10^-12 credit, held in 128 bits.
/// Invariants:  |units| < 10^38, which is what `numeric(38,12)` carries.
/// Cost:        no allocation; text only where people read it.
/// Why:         99.6 % of the published prices per token are whole numbers of this unit, so that a
///              charge for tokens never rounds.
@frozen
public struct Amount: Sendable, Hashable, Comparable, BitwiseCopyable {
    /// The amount in units of 10^-12 credit.
    public let units: Int128

    /// How many decimals an amount carries.
    public static let decimals = 12
    /// How many units make a credit.
    public static let unitsPerCredit: Int128 = 1_000_000_000_000
    /// No credits.
    @inlinable public static var zero: Amount { Amount(units: 0) }
    /// The largest amount: 10^38 - 1 units.
    @inlinable public static var max: Amount { Amount(units: limit) }

    @inlinable static var limit: Int128 {
        99_999_999_999_999_999_999_999_999_999_999_999_999
    }

    /// Makes an amount of so many units; they must be within 10^38.
    ///
    /// - Parameter units: The amount in 10^-12 credit.
    @inlinable
    public init(units: Int128) {
        self.units = units
    }

    /// Makes an amount of whole credits.
    ///
    /// - Parameter credits: How many credits.
    @inlinable
    public init(credits: Int) {
        self.units = Int128(credits) * Amount.unitsPerCredit
    }

    /// Whether the amount is zero.
    @inlinable public var isZero: Bool { units == 0 }
    /// Whether the amount is above zero.
    @inlinable public var isPositive: Bool { units > 0 }
    /// Whether the amount is below zero.
    @inlinable public var isNegative: Bool { units < 0 }

    /// The sum, or nil when it leaves the range of `numeric(38,12)`.
    ///
    /// - Parameter other: What to add.
    /// - Returns: The sum, or nil.
    @inlinable
    public func adding(_ other: Amount) -> Amount? {
        let (sum, overflow) = units.addingReportingOverflow(other.units)
        guard !overflow, sum <= Amount.limit, sum >= -Amount.limit else { return nil }
        return Amount(units: sum)
    }

    /// The sum; leaving the range is a bug of the caller, who must have checked it.
    @inlinable
    public static func + (left: Amount, right: Amount) -> Amount {
        let (sum, overflow) = left.units.addingReportingOverflow(right.units)
        invariant(!overflow, "an amount stays within its range")
        return Amount(units: sum)
    }

    /// The difference; leaving the range is a bug of the caller, who must have checked it.
    @inlinable
    public static func - (left: Amount, right: Amount) -> Amount {
        let (difference, overflow) = left.units.subtractingReportingOverflow(right.units)
        invariant(!overflow, "an amount stays within its range")
        return Amount(units: difference)
    }

    /// The amount with the opposite sign.
    @inlinable
    public static prefix func - (amount: Amount) -> Amount {
        Amount(units: 0 - amount.units)
    }

    /// Adds in place; leaving the range is a bug of the caller.
    @inlinable
    public static func += (left: inout Amount, right: Amount) {
        left = left + right
    }

    /// Subtracts in place; leaving the range is a bug of the caller.
    @inlinable
    public static func -= (left: inout Amount, right: Amount) {
        left = left - right
    }

    /// Orders by value.
    @inlinable
    public static func < (left: Amount, right: Amount) -> Bool {
        left.units < right.units
    }
}

extension Amount: CustomStringConvertible {
    /// The canonical decimal: no exponent, no trailing zeros, no plus sign ("14.9835", "12", "0").
    public var description: String {
        Decimal12.text(units)
    }

    /// Reads a decimal such as "14.9835" or "-0.00000075".
    ///
    /// - Parameter text: Digits, at most one point, an optional leading minus; no exponent.
    /// - Throws: `DecimalError` when it is no decimal, has more than 12 decimals, or is too large.
    public init(decimal text: some StringProtocol) throws(DecimalError) {
        let units = try DecimalText.scaled(text.utf8, decimals: Amount.decimals, exponent: false)
        guard units <= Amount.limit, units >= -Amount.limit else { throw .outOfRange }
        self.units = units
    }
}

/// What is wrong with a text that should be a decimal number.
public enum DecimalError: Error, Sendable, Hashable {
    /// It is not a decimal number at all.
    case malformed
    /// It has more decimals than the quantity carries.
    case tooPrecise(decimals: Int)
    /// It does not fit the quantity's range.
    case outOfRange
}

extension DecimalError: CustomStringConvertible {
    /// What is wrong, as the end of a sentence.
    public var description: String {
        switch self {
        case .malformed: "is not a decimal number"
        case .tooPrecise(let decimals): "has more than \(decimals) decimals"
        case .outOfRange: "is out of range"
        }
    }
}
