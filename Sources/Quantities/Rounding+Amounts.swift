extension Rounding {
    /// An amount by a fraction, rounded half to even once.
    ///
    /// - Parameters:
    ///   - amount: Any amount.
    ///   - numerator: At least zero.
    ///   - denominator: Above zero.
    /// - Returns: The product; nil when it leaves the range of amounts.
    public static func amount(
        _ amount: Amount,
        times numerator: Int64,
        dividedBy denominator: Int64
    ) -> Amount? {
        invariant(numerator >= 0 && denominator > 0, "a fraction is not below zero")
        let divisor = UInt128(denominator)
        let product = amount.units.magnitude.multipliedFullWidth(by: UInt128(numerator))
        guard product.high < divisor else { return nil }
        var (quotient, remainder) = divisor.dividingFullWidth(product)
        let other = divisor - remainder
        if remainder > other || (remainder == other && quotient & 1 != 0) { quotient += 1 }
        guard quotient <= Amount.max.units.magnitude else { return nil }
        let units = Int128(quotient)
        return Amount(units: amount.isNegative ? -units : units)
    }
}
