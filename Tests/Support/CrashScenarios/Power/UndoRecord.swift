import DaemonHarness
import Foundation

/// One record of the undo log that Tests/Support/PowerCut/powercut.c writes.
struct UndoRecord {
    enum Kind: UInt32 {
        case write = 1
        case zeros = 2
        case size = 3
        case synced = 4
        case created = 5
        case renamed = 6
        case removed = 7
        case folder = 8
        case name = 9
    }

    let kind: Kind
    /// The number of the file's inode.
    let file: UInt64
    let offset: UInt64
    let length: UInt64
    /// A size, or for a sync how long the log was when it began.
    let extra: UInt64
    let payload: ArraySlice<UInt8>
    /// Where it starts and ends in the log.
    let start: UInt64
    let end: UInt64

    private static let header = 40
    private static let magic: UInt32 = 0x5043_554C

    /// The names that the payload holds.
    var names: [String] {
        payload.split(separator: 0).map { String(decoding: $0, as: UTF8.self) } + ["", ""]
    }

    /// All whole records of a log; what a kill has torn at its end is left out.
    ///
    /// - Parameter path: The log.
    /// - Returns: The records in their order; none when there is no log.
    /// - Throws: `HarnessError` when there is something else in it.
    static func read(_ path: String) throws -> [UndoRecord] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        let bytes = [UInt8](data)
        var records: [UndoRecord] = []
        var place = 0
        func word(_ offset: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 | UInt64(bytes[place + offset + $1]) << UInt64(8 * $1) }
        }
        while place + header <= bytes.count {
            let first = word(0)
            guard UInt32(truncatingIfNeeded: first) == magic,
                let kind = Kind(rawValue: UInt32(first >> 32))
            else { throw HarnessError("\(path) is no undo log at \(place)") }
            let length = word(24)
            let payload = kind == .zeros ? 0 : Int(length)
            guard place + header + payload <= bytes.count else { break }
            let start = place + header
            records.append(
                UndoRecord(
                    kind: kind,
                    file: word(8),
                    offset: word(16),
                    length: length,
                    extra: word(32),
                    payload: bytes[start..<(start + payload)],
                    start: UInt64(place),
                    end: UInt64(start + payload)
                )
            )
            place = start + payload
        }
        return records
    }
}
