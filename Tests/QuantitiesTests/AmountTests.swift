import Quantities
import Testing

/// Goal: an amount's text is canonical, its range is that of `numeric(38,12)`, its sums never wrap.
@Suite struct AmountTests {
    private let most = "99999999999999999999999999.999999999999"

    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("0.000", "0"), ("12", "12"), ("12.0", "12"), ("012.50", "12.5"),
        ("14.98349925", "14.98349925"), ("-0.00000075", "-0.00000075"),
        ("0.000000000001", "0.000000000001"), ("-3", "-3"), ("100", "100"),
        ("99999999999999999999999999.999999999999", "99999999999999999999999999.999999999999"),
        ("-99999999999999999999999999.999999999999", "-99999999999999999999999999.999999999999"),
    ])
    func `text is read and written back in canonical form`(text: String, canonical: String) throws {
        let amount = try Amount(decimal: text)
        #expect(amount.description == canonical)
        #expect(try Amount(decimal: canonical) == amount)
    }

    @Test(arguments: [
        "100000000000000000000000000", "-100000000000000000000000000",
        "170141183460469231731687303",
    ])
    func `what numeric(38,12) does not carry is out of range`(text: String) {
        #expect(throws: DecimalError.outOfRange) { try Amount(decimal: text) }
    }

    @Test func `an exponent is no amount`() {
        #expect(throws: DecimalError.malformed) { try Amount(decimal: "1e3") }
    }

    @Test func `sums are checked against the range`() throws {
        let unit = Amount(units: 1)
        let maximum = try Amount(decimal: most)
        #expect(maximum == .max)
        #expect(maximum.adding(unit) == nil)
        #expect((-maximum).adding(-unit) == nil)
        #expect(maximum.adding(-unit)?.adding(unit) == maximum)
        #expect(maximum.adding(maximum) == nil)
        #expect(maximum.adding(-maximum) == .zero)
        #expect(Amount(credits: 3) - Amount(credits: 5) == Amount(credits: -2))
        #expect(Amount(credits: .max).adding(Amount(credits: .max)) != nil)
    }

    @Test func `signs are told apart and order is by value`() {
        #expect(Amount(units: -1).isNegative && !Amount(units: -1).isPositive)
        #expect(Amount(units: 1).isPositive && !Amount(units: 1).isZero)
        #expect(Amount.zero.isZero && !Amount.zero.isNegative && !Amount.zero.isPositive)
        #expect(Amount(units: -2) < Amount(units: -1))
        #expect(-Amount.max < .zero)
    }

    @Test(arguments: [UInt64(1), 2])
    func `random amounts survive their text`(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        for _ in 0..<5000 {
            let wide = Int128(random.next()) << 62 | Int128(random.next() >> 2)
            let units =
                (wide % 100_000_000_000_000_000_000_000_000_000_000_000_000)
                >> Int128(random.next() % 120)
            let amount = Amount(units: random.next() & 1 == 0 ? units : -units)
            #expect(try Amount(decimal: amount.description) == amount, "seed \(seed)")
        }
    }

    @Test func `a sum that wraps ends the process`() async {
        await #expect(processExitsWith: .failure) {
            _ = Amount(units: .max) + Amount(units: 1)
        }
        await #expect(processExitsWith: .failure) {
            _ = Amount(units: .min) - Amount(units: 1)
        }
    }
}
