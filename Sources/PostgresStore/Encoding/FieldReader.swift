import Accounting
import Quantities

/// Reads the fields of one row of binary COPY, one after the other.
struct FieldReader {
    private let bytes: UnsafeRawBufferPointer
    private var offset: Int

    init(_ bytes: UnsafeRawBufferPointer, from offset: Int) {
        self.bytes = bytes
        self.offset = offset
    }

    /// Reads the row's head; false at the end of the data.
    mutating func beginRow() throws(StoreError) -> Bool {
        guard offset + 2 <= bytes.count else { return false }
        let count = Int16(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int16.self))
        offset += 2
        return count >= 0
    }

    /// The next field, or nil for a null.
    private mutating func field() throws(StoreError) -> UnsafeRawBufferPointer? {
        guard offset + 4 <= bytes.count else { throw .unexpectedAnswer("a row that ends early") }
        let length = Int(
            Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
        )
        offset += 4
        if length < 0 { return nil }
        guard offset + length <= bytes.count else {
            throw .unexpectedAnswer("a row that ends early")
        }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
        offset += length
        return slice
    }

    private mutating func value<Value: FixedWidthInteger>(
        _ type: Value.Type
    ) throws(StoreError) -> Value? {
        guard let field = try field() else { return nil }
        guard field.count == MemoryLayout<Value>.size else {
            throw .unexpectedAnswer("a field of \(field.count) bytes")
        }
        return Value(bigEndian: field.loadUnaligned(as: Value.self))
    }

    /// A `bigint`; a null counts as 0.
    mutating func int64() throws(StoreError) -> Int64 {
        try value(Int64.self) ?? 0
    }

    mutating func unsigned64() throws(StoreError) -> UInt64 {
        UInt64(bitPattern: try int64())
    }

    /// An `integer`; a null counts as 0.
    mutating func int32() throws(StoreError) -> Int32 {
        try value(Int32.self) ?? 0
    }

    mutating func number() throws(StoreError) -> UInt32 {
        UInt32(bitPattern: try int32())
    }

    /// An organisation's number, a `bigint` in every table.
    mutating func org() throws(StoreError) -> UInt32 {
        let wide = try int64()
        guard let org = UInt32(exactly: wide) else {
            throw .unexpectedAnswer("an organisation number out of range")
        }
        return org
    }

    mutating func bool() throws(StoreError) -> Bool {
        try value(UInt8.self) == 1
    }

    mutating func text() throws(StoreError) -> String {
        guard let field = try field() else { return "" }
        return String(decoding: field, as: UTF8.self)
    }

    mutating func byteArray() throws(StoreError) -> [UInt8] {
        guard let field = try field() else { return [] }
        return Array(field)
    }

    /// An amount; a null counts as zero.
    mutating func amount() throws(StoreError) -> Amount {
        guard let field = try field() else { return .zero }
        return try NumericCoding.decode(field)
    }

    /// A time; a null is the far future.
    mutating func time() throws(StoreError) -> Timestamp {
        guard let value = try value(Int64.self) else { return .never }
        return BinaryValue.time(value)
    }

    mutating func day() throws(StoreError) -> CivilDay {
        BinaryValue.day(try int32())
    }

    /// A `uuid` as a number; a null is 0.
    mutating func identity() throws(StoreError) -> UInt128 {
        try value(UInt128.self) ?? 0
    }

    mutating func hash() throws(StoreError) -> SecretHash {
        guard let field = try field(), field.count == 32 else {
            throw .unexpectedAnswer("a hash that is not 32 bytes")
        }
        return SecretHash(
            low: field.loadUnaligned(as: UInt128.self),
            high: field.loadUnaligned(fromByteOffset: 16, as: UInt128.self)
        )
    }
}
