/// The only place where a division of money happens.
public enum Rounding {
    /// The quotient, rounded half to even, as bankers and `architecture.md` round.
    ///
    /// - Parameters:
    ///   - dividend: Any number.
    ///   - divisor: Above zero.
    /// - Returns: The nearest whole number; of two equally near ones the even one.
    public static func halfToEven(_ dividend: Int128, dividedBy divisor: Int128) -> Int128 {
        invariant(divisor > 0, "a divisor is above zero")
        let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
        let magnitude = remainder.magnitude
        let other = divisor.magnitude - magnitude
        let away = magnitude > other || (magnitude == other && quotient & 1 != 0)
        guard away else { return quotient }
        return dividend < 0 ? quotient - 1 : quotient + 1
    }
}
