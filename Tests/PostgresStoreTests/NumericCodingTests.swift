import Quantities
import Testing

@testable import PostgresStore

/// Goal: an amount in binary is the number that its text says, to the last digit.
///
/// Method: PostgreSQL itself is asked for the text of what we write and for the binary of text.
@Suite struct NumericCodingTests {
    /// Edges of every digit group, both signs, and random numbers of every length.
    private func amounts(seed: UInt64) -> [Amount] {
        var units: [Int128] = [0, 1, 9999, 10_000, 10_001, 99_999_999, Int128(UInt64.max)]
        var power: Int128 = 1
        for _ in 0..<38 {
            units += [power, power - 1, power + 1, power * 5 / 3]
            let (next, overflow) = power.multipliedReportingOverflow(by: 10)
            if overflow { break }
            power = next
        }
        units += [Amount.max.units, Amount.max.units - 1, Int128(UInt64.max) + 1]
        var generator = SplitMix(seed: seed)
        for _ in 0..<2000 {
            let wide = UInt128(generator.next()) << 64 | UInt128(generator.next())
            units.append(Int128(wide >> UInt128(1 + generator.below(126))))
        }
        let inside = units.filter { $0 <= Amount.max.units }
        return (inside + inside.map { -$0 }).map { Amount(units: $0) }
    }

    @Test(arguments: [11, 12] as [UInt64])
    func `what we write is what PostgreSQL reads, and the other way round`(seed: UInt64) throws {
        let database = try TestDatabase()
        let connection = try PostgresConnection(try database.settings())
        let all = amounts(seed: seed)
        var binary = ArrayParameter.numeric
        var texts = ArrayParameter.text
        for amount in all {
            binary.add(amount)
            texts.add(amount.description)
        }
        var parameters = QueryParameters()
        parameters.add(binary)
        parameters.add(texts)
        let answer = try connection.query(
            """
            SELECT trim_scale(b)::text, t::numeric, t::numeric(38,12), b = t::numeric
            FROM unnest($1, $2) AS d (b, t)
            """,
            parameters,
            during: "a test"
        )
        try #require(answer.rowCount == all.count)
        for (row, amount) in all.enumerated() {
            #expect(answer.text(row, 0) == amount.description, "seed \(seed)")
            #expect(try answer.amount(row, 1) == amount, "seed \(seed)")
            #expect(try answer.amount(row, 2) == amount, "seed \(seed)")
            #expect(answer.bool(row, 3), "seed \(seed)")
        }
    }

    @Test(arguments: ["'NaN'", "'Infinity'", "1e-13", "1e26", "1e60", "-1e26"])
    func `what is no amount is refused`(text: String) throws {
        let database = try TestDatabase()
        let connection = try PostgresConnection(try database.settings())
        let answer = try connection.query("SELECT (\(text))::numeric", during: "a test")
        #expect(throws: StoreError.self) { try answer.amount(0, 0) }
    }

    @Test func `times keep their microseconds and the ends of time`() throws {
        let moments = [
            Timestamp.epoch, .never, Timestamp(microseconds: .min), Journal.noon,
            Timestamp(microseconds: 1), Timestamp(microseconds: -1),
        ]
        for moment in moments {
            #expect(BinaryValue.time(BinaryValue.encoded(moment)) == moment)
        }
        let day = CivilDay(number: 20_000)
        #expect(BinaryValue.day(BinaryValue.encoded(day)) == day)
        let database = try TestDatabase()
        let connection = try PostgresConnection(try database.settings())
        var parameters = QueryParameters()
        parameters.add(Timestamp(microseconds: 1_772_366_400_250_001))
        parameters.add(CivilDay(year: 2026, month: 3, day: 1))
        let answer = try connection.query(
            "SELECT $1::text, $2::text, $1, $2",
            parameters,
            during: "a test"
        )
        #expect(answer.text(0, 0) == "2026-03-01 12:00:00.250001+00")
        #expect(answer.text(0, 1) == "2026-03-01")
        #expect(try answer.time(0, 2).microseconds == 1_772_366_400_250_001)
        #expect(try answer.day(0, 3) == CivilDay(year: 2026, month: 3, day: 1))
    }
}
