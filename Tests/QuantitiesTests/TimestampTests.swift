import Quantities
import Testing

/// Goal: RFC 3339 is read with every offset and fraction, refused when it is none, and written in
/// one canonical form.
@Suite struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"),
            ("1969-12-31T23:59:59.999999Z", -1, "1969-12-31T23:59:59.999999Z"),
            ("2026-03-01T10:00:00Z", 1_772_359_200_000_000, "2026-03-01T10:00:00Z"),
            ("2026-03-01t10:00:00z", 1_772_359_200_000_000, "2026-03-01T10:00:00Z"),
            ("2026-03-01 10:00:00Z", 1_772_359_200_000_000, "2026-03-01T10:00:00Z"),
            ("2026-03-01T10:00:00.25+02:00", 1_772_352_000_250_000, "2026-03-01T08:00:00.25Z"),
            ("2026-03-01T10:00:00-08:00", 1_772_388_000_000_000, "2026-03-01T18:00:00Z"),
            ("2026-03-01T00:30:00+05:45", 1_772_304_300_000_000, "2026-02-28T18:45:00Z"),
            ("2026-03-01T10:00:00+23:59", 1_772_272_860_000_000, "2026-02-28T10:01:00Z"),
            ("2026-03-01T10:00:00-00:00", 1_772_359_200_000_000, "2026-03-01T10:00:00Z"),
            ("2026-03-01T10:00:00.000001Z", 1_772_359_200_000_001, "2026-03-01T10:00:00.000001Z"),
            ("2026-03-01T10:00:00.1234569Z", 1_772_359_200_123_456, "2026-03-01T10:00:00.123456Z"),
            ("2026-03-01T10:00:00.10Z", 1_772_359_200_100_000, "2026-03-01T10:00:00.1Z"),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000_000, "2017-01-01T00:00:00Z"),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000_000, "2024-02-29T00:00:00Z"),
            ("2000-02-29T12:00:00Z", 951_825_600_000_000, "2000-02-29T12:00:00Z"),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000, "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
        ] as [(String, Int64, String)]
    )
    func `times are read and written`(text: String, microseconds: Int64, canonical: String) {
        let time = Timestamp(rfc3339: text.utf8)
        #expect(time?.microseconds == microseconds)
        #expect(time?.description == canonical)
        #expect(Timestamp(rfc3339: canonical.utf8) == time)
    }

    @Test(arguments: [
        "", "2026", "2026-03-01", "2026-03-01T10:00:00", "2026-03-01T10:00Z",
        "2026-3-01T10:00:00Z", "2026-03-1T10:00:00Z", "2026-03-01T1:00:00Z",
        "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z",
        "2026-01-32T00:00:00Z", "0000-01-01T00:00:00Z", "2026-03-01T24:00:00Z",
        "2026-03-01T10:60:00Z", "2026-03-01T10:00:61Z", "2026-03-01T10:00:00.Z",
        "2026-03-01T10:00:00,5Z", "2026-03-01T10:00:00+2:00", "2026-03-01T10:00:00+0200",
        "2026-03-01T10:00:00+24:00", "2026-03-01T10:00:00+02:60", "2026-03-01T10:00:00+02",
        "2026-03-01T10:00:00ZZ", "2026-03-01T10:00:00Z ", " 2026-03-01T10:00:00Z",
        "2026-03-01_10:00:00Z", "2026/03/01T10:00:00Z", "+2026-03-01T10:00:00Z",
        "-026-03-01T10:00:00Z", "2026-03-01T10:00:00 Z", "2026-03-01T-1:00:00Z", "never",
    ])
    func `what is no RFC 3339 time is refused`(text: String) {
        #expect(Timestamp(rfc3339: text.utf8) == nil)
    }

    @Test func `every prefix of a time is refused, and so is one byte too many`() {
        let bytes = Array("2026-03-01T10:00:00.25+02:00".utf8)
        for count in 0..<bytes.count { #expect(Timestamp(rfc3339: bytes[0..<count]) == nil) }
        for byte in UInt8.min...UInt8.max where byte != 0 {
            #expect(Timestamp(rfc3339: bytes + [byte]) == nil)
        }
    }

    @Test(arguments: [UInt64(1), 2])
    func `random moments survive their text`(seed: UInt64) {
        var random = SplitMix(state: seed)
        for _ in 0..<2000 {
            let micros = Int64(random.next() % 315_537_897_600_000_000) - 62_135_596_800_000_000
            let time = Timestamp(microseconds: micros)
            #expect(Timestamp(rfc3339: time.description.utf8) == time, "seed \(seed): \(micros)")
        }
    }

    @Test func `the ends of time are written and reached without overflow`() {
        #expect(Timestamp.never.description == "never")
        #expect(Timestamp(microseconds: .min).description.hasSuffix("T19:59:05.224192Z"))
        #expect(Timestamp.never.advanced(byMicroseconds: 1) == .never)
        #expect(Timestamp(microseconds: .min).advanced(byMicroseconds: -1).microseconds == .min)
        #expect(Timestamp.epoch.advanced(byMicroseconds: -5).microseconds == -5)
        #expect(Timestamp.never.utcDay.advanced(by: 1).utcStart == .never)
        #expect(CivilDay(number: .min).utcStart.microseconds == .min)
    }

    @Test(arguments: [
        (Int64(-1), Int64(7), Int64(-1)), (0, 7, 0), (6, 7, 0), (7, 7, 1), (-7, 7, -1), (-8, 7, -2),
        (.min, 1, .min), (.max, .max, 1), (.min, .max, -2),
    ])
    func `division rounds towards minus infinity`(value: Int64, divisor: Int64, quotient: Int64) {
        #expect(value.dividedFloor(by: divisor) == quotient)
    }

    @Test func `the day in UTC changes at midnight, before 1970 as well`() {
        #expect(Timestamp(microseconds: 86_399_999_999).utcDay.number == 0)
        #expect(Timestamp(microseconds: 86_400_000_000).utcDay.number == 1)
        #expect(Timestamp(microseconds: -1).utcDay.number == -1)
        #expect(Timestamp(microseconds: -86_400_000_000).utcDay.number == -1)
        #expect(Timestamp(microseconds: -86_400_000_001).utcDay.number == -2)
    }
}
