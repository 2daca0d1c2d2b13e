import Accounting
import Quantities

/// How the draws of holds and of usage lines are written.
///
/// Layout:      of a hold: 20 bytes each, u32 grant and i128 amount, big-endian, so that an
///              extension is appended; of a usage line: JSON that people can read,
///              `[{"grant": 7, "amount": 1.25}, ...]`, whose numbers PostgreSQL keeps exactly.
enum DrawCoding {
    private static let length = 20

    static func append(_ draws: Draws, to bytes: inout [UInt8]) {
        for index in 0..<draws.count {
            withUnsafeBytes(of: draws[index].grant.bigEndian) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: draws[index].amount.units.bigEndian) {
                bytes.append(contentsOf: $0)
            }
        }
    }

    static func draws(_ bytes: [UInt8]) throws(StoreError) -> Draws {
        guard bytes.count % length == 0 else {
            throw .unexpectedAnswer("draws that are no multiple of 20 bytes")
        }
        var draws = Draws()
        for start in stride(from: 0, to: bytes.count, by: length) {
            var grant: UInt32 = 0
            for byte in bytes[start..<start + 4] { grant = grant << 8 | UInt32(byte) }
            var units: UInt128 = 0
            for byte in bytes[start + 4..<start + length] { units = units << 8 | UInt128(byte) }
            let amount = Amount(units: Int128(bitPattern: units))
            draws.append(Draw(grant: grant, amount: amount))
        }
        return draws
    }

    /// The JSON of a usage line's draws, in the binary form of `jsonb`: a version byte and the
    /// text.
    static func json(_ draws: Draws) -> [UInt8] {
        var text = "\u{1}["
        for index in 0..<draws.count {
            if index > 0 { text += "," }
            text += "{\"grant\":\(draws[index].grant),\"amount\":\(draws[index].amount)}"
        }
        return Array((text + "]").utf8)
    }
}
