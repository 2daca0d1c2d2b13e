import Quantities
import Testing

/// Goal: division of money is half to even, for every sign.
///
/// Method: exhaustive at small sizes against the definition; wide numbers by their remainder.
@Suite struct RoundingTests {
    /// The nearest whole number, of two equally near ones the even one: by trying all.
    private func naive(_ dividend: Int, _ divisor: Int) -> Int {
        var best: [Int] = []
        var distance = Int.max
        for candidate in -65...65 {
            let away = abs(dividend - candidate * divisor)
            if away < distance { (best, distance) = ([], away) }
            if away == distance { best.append(candidate) }
        }
        return best.first { $0 % 2 == 0 } ?? best[0]
    }

    @Test func `every small quotient is the nearest, ties to the even`() {
        for divisor in 1...24 {
            for dividend in -64...64 {
                let rounded = Rounding.halfToEven(Int128(dividend), dividedBy: Int128(divisor))
                if rounded != Int128(naive(dividend, divisor)) {
                    Issue.record("\(dividend) by \(divisor) gave \(rounded)")
                }
            }
        }
    }

    @Test func `the widest numbers are rounded without overflow`() {
        #expect(Rounding.halfToEven(.max, dividedBy: 1) == .max)
        #expect(Rounding.halfToEven(.min, dividedBy: 1) == .min)
        #expect(Rounding.halfToEven(.max, dividedBy: .max) == 1)
        #expect(Rounding.halfToEven(.min, dividedBy: .max) == -1)
        #expect(Rounding.halfToEven(.max, dividedBy: 2) == Int128.max / 2 + 1)
        #expect(Rounding.halfToEven(.min, dividedBy: 2) == Int128.min / 2)
        #expect(Rounding.halfToEven(Int128.max / 2, dividedBy: .max) == 0)
        #expect(Rounding.halfToEven(Int128.max / 2 + 1, dividedBy: .max) == 1)
    }

    @Test func `a divisor of zero or below ends the process`() async {
        await #expect(processExitsWith: .failure) {
            _ = Rounding.halfToEven(1, dividedBy: 0)
        }
        await #expect(processExitsWith: .failure) {
            _ = Rounding.halfToEven(1, dividedBy: -2)
        }
    }
}
