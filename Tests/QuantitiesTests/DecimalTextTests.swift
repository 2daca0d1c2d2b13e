import Quantities
import Testing

/// Goal: decimal text is read exactly or refused with the reason, never through floating point.
@Suite struct DecimalTextTests {
    /// The number in units of 10^-12, or the error, as text.
    private func scaled(_ text: String, exponent: Bool) -> String {
        do {
            return try DecimalText.scaled(text.utf8, decimals: 12, exponent: exponent).description
        } catch {
            return error.description
        }
    }

    @Test(arguments: [
        ("0", "0"),
        ("-0", "0"),
        ("1", "1000000000000"),
        ("-1", "-1000000000000"),
        ("007", "7000000000000"),
        ("0.000000000001", "1"),
        ("-0.000000000001", "-1"),
        ("14.9835", "14983500000000"),
        ("1.50", "1500000000000"),
        ("1.0000000000000000000000", "1000000000000"),
        ("0.0000000000001", "has more than 12 decimals"),
        ("1.0000000000001", "has more than 12 decimals"),
        ("170141183460469231731687303", "170141183460469231731687303000000000000"),
        ("170141183460469231731687304", "is out of range"),
        ("99999999999999999999999999999999999999999", "is out of range"),
        ("", "is not a decimal number"),
        ("-", "is not a decimal number"),
        ("+1", "is not a decimal number"),
        (".5", "is not a decimal number"),
        ("5.", "is not a decimal number"),
        (".", "is not a decimal number"),
        ("1.2.3", "is not a decimal number"),
        ("--1", "is not a decimal number"),
        ("1-", "is not a decimal number"),
        (" 1", "is not a decimal number"),
        ("1 ", "is not a decimal number"),
        ("1,5", "is not a decimal number"),
        ("0x10", "is not a decimal number"),
        ("NaN", "is not a decimal number"),
        ("inf", "is not a decimal number"),
        ("١", "is not a decimal number"),
    ])
    func `plain decimals are exact or refused`(text: String, expected: String) {
        #expect(scaled(text, exponent: false) == expected)
        #expect(scaled(text, exponent: true) == expected)
    }

    @Test(arguments: [
        ("1e0", "1000000000000"),
        ("1E+2", "100000000000000"),
        ("1.5e-3", "1500000000"),
        ("3e-06", "3000000"),
        ("1e-12", "1"),
        ("10e-13", "1"),
        ("1e-13", "has more than 12 decimals"),
        ("1e-200", "has more than 12 decimals"),
        ("1e-99999999999999999999999999", "has more than 12 decimals"),
        ("0e999", "0"),
        ("0.0e-999", "0"),
        ("1e27", "is out of range"),
        ("1e999", "is out of range"),
        ("1e99999999999999999999999999", "is out of range"),
        ("1e", "is not a decimal number"),
        ("1e+", "is not a decimal number"),
        ("1e-", "is not a decimal number"),
        ("1e1.5", "is not a decimal number"),
        ("1e1e1", "is not a decimal number"),
        ("1.e5", "is not a decimal number"),
        ("e5", "is not a decimal number"),
        ("-e5", "is not a decimal number"),
        ("1e 5", "is not a decimal number"),
    ])
    func `exponents are read where JSON allows them`(text: String, expected: String) {
        #expect(scaled(text, exponent: true) == expected)
        #expect(scaled(text, exponent: false) == "is not a decimal number")
    }

    @Test(
        arguments: [
            // The doubles of 0.1 + 0.2, of 3 a million per token, and of 0.1 in full.
            ("0.30000000000000004", 300_000_000_000, false),
            ("3.0000000000000001e-06", 3_000_000, false),
            ("0.1000000000000000055511151231257827021181583404541015625", 100_000_000_000, false),
            ("0.5", 500_000_000_000, true),
            ("0.0000000000005", 0, false),
            ("0.0000000000015", 2, false),
            ("0.0000000000025", 2, false),
            ("0.00000000000250000000000000000000000000000000000000000001", 3, false),
            ("0.00000000000150000000000000000000000000000000000000000000", 2, false),
            ("-0.0000000000025", -2, false),
            ("-0.0000000000035", -4, false),
            ("1e-200", 0, false),
            ("9e-39", 0, false),
            ("1e2", 100_000_000_000_000, true),
            ("0e-50", 0, true),
        ] as [(String, Int128, Bool)]
    )
    func `noisy numbers are rounded half to even once, and say so`(
        text: String,
        expected: Int128,
        exact: Bool
    ) throws {
        let found = try DecimalText.rounded(text.utf8, decimals: 12)
        #expect(found.value == expected)
        #expect(found.exact == exact)
    }

    @Test(arguments: ["", "x", "1e27", "1e", "123456789012345678901234567890123456789012"])
    func `what is no number or too large is not rounded`(text: String) {
        #expect(throws: DecimalError.self) {
            try DecimalText.rounded(text.utf8, decimals: 12)
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `random bytes are read or refused, and rounding agrees with exact reading`(
        seed: UInt64
    ) {
        var random = SplitMix(state: seed)
        let letters = Array("0123456789.-+eE 0000".utf8)
        for _ in 0..<20_000 {
            let count = Int(random.next() % 48)
            let text = (0..<count).map { _ in letters[Int(random.next() % UInt64(letters.count))] }
            let exact = Result { () throws(DecimalError) in
                try DecimalText.scaled(text, decimals: 12, exponent: true)
            }
            let rounded = Result { () throws(DecimalError) in
                try DecimalText.rounded(text, decimals: 12)
            }
            switch (exact, rounded) {
            case (.success(let value), .success(let other)):
                #expect(other.exact && other.value == value, "seed \(seed) \(text)")
            case (.failure(.tooPrecise), .success(let other)):
                #expect(!other.exact, "seed \(seed) \(text)")
            case (.failure(let error), .failure(let other)):
                #expect(error == other, "seed \(seed) \(text)")
            default:
                Issue.record("seed \(seed): \(exact) but \(rounded) for \(text)")
            }
        }
    }
}
