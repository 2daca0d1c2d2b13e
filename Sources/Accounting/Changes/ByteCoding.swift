import Quantities

/// Appends little-endian values to a growing array.
///
/// Only for the cold records: it allocates.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func put<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func put(_ text: String) {
        let utf8 = Array(text.utf8)
        invariant(utf8.count <= 65_535, "a text in a record is at most 65,535 bytes")
        put(UInt16(utf8.count))
        bytes.append(contentsOf: utf8)
    }

    mutating func put(_ amount: Amount) {
        put(amount.units)
    }

    mutating func put(_ time: Timestamp) {
        put(time.microseconds)
    }

    mutating func put(_ flag: Bool) {
        put(UInt8(flag ? 1 : 0))
    }

    mutating func put(_ day: ZonedDay) {
        put(day.day.number)
        put(day.start)
        put(day.end)
    }

    mutating func put(_ draws: Draws) {
        put(UInt16(draws.count))
        for index in 0..<draws.count {
            put(draws[index].grant)
            put(draws[index].amount)
        }
    }
}

/// What a record's bytes can be at fault with.
enum RecordFault: Error {
    case truncated
    case badValue
}

/// Reads what `ByteWriter` wrote.
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private var offset: Int

    init(_ bytes: UnsafeRawBufferPointer, from offset: Int) {
        self.bytes = bytes
        self.offset = offset
    }

    mutating func integer<Value: FixedWidthInteger>(
        _ type: Value.Type
    ) throws(RecordFault) -> Value {
        let width = MemoryLayout<Value>.size
        guard offset + width <= bytes.count else { throw .truncated }
        var value = Value.zero
        withUnsafeMutableBytes(of: &value) { target in
            target.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + width])
            )
        }
        offset += width
        return Value(littleEndian: value)
    }

    mutating func text() throws(RecordFault) -> String {
        let count = Int(try integer(UInt16.self))
        guard offset + count <= bytes.count else { throw .truncated }
        let slice = bytes[offset..<offset + count]
        offset += count
        return String(decoding: slice, as: UTF8.self)
    }

    /// A text that was added behind a record's last field: empty where there is none, which the
    /// zeros that fill a record up read as, too.
    mutating func textIfAny() throws(RecordFault) -> String {
        bytes.count - offset < 2 ? "" : try text()
    }

    mutating func amount() throws(RecordFault) -> Amount {
        Amount(units: try integer(Int128.self))
    }

    mutating func time() throws(RecordFault) -> Timestamp {
        Timestamp(microseconds: try integer(Int64.self))
    }

    mutating func flag() throws(RecordFault) -> Bool {
        try integer(UInt8.self) != 0
    }

    mutating func day() throws(RecordFault) -> ZonedDay {
        let number = try integer(Int32.self)
        let start = try time()
        return ZonedDay(day: CivilDay(number: number), start: start, end: try time())
    }

    mutating func draws() throws(RecordFault) -> Draws {
        var draws = Draws()
        for _ in 0..<(try integer(UInt16.self)) {
            let grant = try integer(UInt32.self)
            draws.append(Draw(grant: grant, amount: try amount()))
        }
        return draws
    }

    mutating func value<Value: RawRepresentable<UInt8>>(
        _ type: Value.Type
    ) throws(RecordFault) -> Value {
        guard let value = Value(rawValue: try integer(UInt8.self)) else { throw .badValue }
        return value
    }
}
