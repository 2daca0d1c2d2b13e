import Quantities
import Testing

/// Goal: prices are read as people quote them, per million tokens, and refused beyond their scale.
@Suite struct PriceTests {
    @Test(
        arguments: [
            ("3", 3_000_000, "3"), ("0.30", 300_000, "0.3"), ("15", 15_000_000, "15"),
            ("0.075", 75_000, "0.075"), ("0.000001", 1, "0.000001"), ("0", 0, "0"), ("-0", 0, "0"),
            ("7.5e-1", 750_000, "0.75"), ("1E3", 1_000_000_000, "1000"),
            ("9223372036854.775807", .max, "9223372036854.775807"),
        ] as [(String, Int64, String)]
    )
    func `a price per million is exact`(text: String, units: Int64, canonical: String) throws {
        let price = try Price(perMillion: text)
        #expect(price.unitsPerToken == units)
        #expect(price.perMillion == canonical)
    }

    @Test(arguments: [
        ("-1", DecimalError.outOfRange), ("-0.000001", .outOfRange),
        ("9223372036854.775808", .outOfRange), ("1e40", .outOfRange),
        ("0.0000001", .tooPrecise(decimals: 6)), ("3e-7", .tooPrecise(decimals: 6)),
        ("", .malformed), ("free", .malformed), ("3 USD", .malformed), ("3.", .malformed),
    ])
    func `what is no price is refused with the reason`(text: String, error: DecimalError) {
        #expect(throws: error) { try Price(perMillion: text) }
    }

    @Test func `prices order by value, and a negative one ends the process`() async {
        #expect(Price.free < Price(unitsPerToken: 1))
        await #expect(processExitsWith: .failure) { _ = Price(unitsPerToken: -1) }
    }
}
