import Quantities
import Testing

@testable import Wire

/// Goal: numbers, times and texts are written and read exactly, against the plain library ways.
@Suite struct TextTests {
    @Test(arguments: [
        Int128(0), 1, 10, 999_999_999_999, 1_000_000_000_000, 14_983_500_000_000, -12,
        -1_500_000_000_000, 1_000_000_000_000_000_000_000_000_000_000,
        99_999_999_999_999_999_999_999_999_999_999_999_999,
        -99_999_999_999_999_999_999_999_999_999_999_999_999,
    ])
    func `an amount is written as it describes itself`(units: Int128) {
        let text = written { $0.append(Amount(units: units)) }
        #expect(text == Amount(units: units).description)
    }

    @Test(arguments: [UInt64(0), 9, 10, 12_345, .max])
    func `a whole number is written in full`(number: UInt64) {
        let text = written { $0.append(decimal: number) }
        #expect(text == String(number))
        let bytes = Array(text.utf8)
        let read = WholeNumber.read(0..<bytes.count, upTo: .max, in: bytes.span.bytes)
        #expect(read == number)
    }

    @Test(arguments: [
        "2026-03-01T10:00:00Z", "2026-03-01t10:00:00.25+02:00", "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z", "2024-02-29 23:59:60.1234567-11:59", "2026-03-01T10:00:00.Z",
        "2026-03-01T10:00Z", "2026-13-01T10:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T10:00:00",
        "2026-03-01T10:00:00+2:00", "", "2026-03-01T10:00:00Zz", "٢026-03-01T10:00:00Z",
    ])
    func `a time is read as Quantities reads it`(text: String) {
        let bytes = Array(text.utf8)
        let read = TimeText.read(0..<bytes.count, in: bytes.span.bytes)
        #expect(read == Timestamp(rfc3339: bytes))
    }

    @Test func `a time outside the years 1 to 9999 is none`() {
        for text in ["9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+00:01"] {
            let bytes = Array(text.utf8)
            let read = TimeText.read(0..<bytes.count, in: bytes.span.bytes)
            #expect(read == nil)
        }
    }

    @Test(arguments: [
        "7-31", "4294967295-18446744073709551615", "7", "-1", "7-", "7--1", "x-1", "0-1",
    ])
    func `a hold is read as Quantities reads it`(text: String) {
        let bytes = Array(text.utf8)
        let read = HoldText.read(0..<bytes.count, in: bytes.span.bytes)
        #expect(read == HoldNumber(text: text))
    }

    @Test(
        arguments: [
            ("2", UInt32(2000)), ("0.5", 500), ("0.25", 250), ("4.125", 4125),
            ("4294967.295", .max),
            ("4294967.296", nil), ("0.0001", nil), ("1.", nil), (".5", nil), ("-1", nil), ("", nil),
            ("1.2.3", nil), ("99999999999999999999", nil),
        ] as [(String, UInt32?)]
    )
    func `thousandths are exact or nothing`(text: String, expected: UInt32?) {
        let bytes = Array(text.utf8)
        let read = HoldText.thousandths(0..<bytes.count, in: bytes.span.bytes)
        #expect(read == expected)
        guard let expected else { return }
        #expect(written { $0.append(thousandths: expected) } == text)
    }

    @Test func `JSON strings are escaped where they must be and nowhere else`() {
        let text = written { $0.append(quoted: "a\"b\\c\n\r\t\u{1}\u{1f}/é😀") }
        #expect(text == #""a\"b\\c\n\r\t\u0001\u001f/é😀""#)
    }

    @Test func `UTF-8 is checked as the standard library checks it`() {
        var generator = SeededGenerator(seed: 7)
        let pieces: [[UInt8]] = [
            Array("plain".utf8), Array("é".utf8), Array("€".utf8), Array("😀".utf8), [0xC0, 0x80],
            [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80], [0xFF],
            [0xF0, 0x9F],
        ]
        for _ in 0..<2000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...5, using: &generator) {
                bytes += pieces.randomElement(using: &generator) ?? []
            }
            let expected = String(validating: bytes, as: UTF8.self) != nil
            #expect(isClean(bytes) == expected, "\(bytes)")
        }
    }

    @Test func `a control character is found at every position`() {
        for length in 1...40 {
            for position in 0..<length {
                var bytes = [UInt8](repeating: 0x20, count: length)
                #expect(isClean(bytes))
                bytes[position] = 0x1F
                #expect(!isClean(bytes))
            }
        }
    }

    @Test func `every field is found by its name and nothing else is`() {
        for field in JSONField.allCases {
            let name = Array(String(describing: field.name).utf8)
            let range = ByteRange(offset: 0, length: UInt32(name.count))
            let found = JSONFieldTable.shared.field(range, in: name.span.bytes)
            #expect(found == field)
            for position in name.indices {
                var other = name
                other[position] ^= 1
                let found = JSONFieldTable.shared.field(range, in: other.span.bytes)
                #expect(found == nil || String(hex: other) == String(hex: found.utf8))
            }
        }
    }

    @Test func `short texts compare, hash and read as their strings`() {
        let text = String(repeating: "é", count: 32)
        #expect(ShortText(text)?.description == text)
        #expect(ShortText(text + "x") == nil)
        #expect(ShortText("a") == ShortText("a") && ShortText("a") != ShortText("a\0"))
        let bytes = Array("xxreq-1".utf8)
        let range = ByteRange(offset: 2, length: 5)
        let copied = ShortText(range, in: bytes.span.bytes)
        #expect(copied == ShortText("req-1"))
    }

    @Test func `a buffer grows, forgets its front and keeps the rest`() {
        var buffer = WireBuffer(capacity: 1)
        for byte in 0..<200 { buffer.append(byte: UInt8(byte)) }
        buffer.removeFirst(150)
        let rest = buffer.array
        #expect(rest == Array(150..<200))
        buffer.truncate(to: 10)
        buffer.appendWith(minimum: 3) { target in
            target[0] = 7
            return 1
        }
        let written = buffer.array
        #expect(written == Array(150..<160) + [7])
    }
}

private func isClean(_ bytes: [UInt8]) -> Bool {
    TextRules.isClean(bytes.span.bytes, 0..<bytes.count)
}

extension Optional<JSONField> {
    fileprivate var utf8: [UInt8] {
        map { Array(String(describing: $0.name).utf8) } ?? []
    }
}
