import Quantities

/// Writes the fields of one row of binary COPY straight into memory.
///
/// Invariants:  the owner has reserved room for the whole row.
/// Cost:        a store or two for each field; no allocation.
struct RowWriter {
    private let start: UnsafeMutableRawPointer
    private var cursor: UnsafeMutableRawPointer

    @inline(__always)
    init(at start: UnsafeMutableRawPointer, fields: Int16) {
        self.start = start
        cursor = start
        cursor.storeBytes(of: fields.bigEndian, as: Int16.self)
        cursor += 2
    }

    /// How many bytes were written.
    @inline(__always) var count: Int { cursor - start }

    @inline(__always)
    mutating func null() {
        cursor.storeBytes(of: Int32(-1), as: Int32.self)
        cursor += 4
    }

    @inline(__always)
    mutating func put(_ value: Int64) {
        cursor.storeBytes(of: Int32(8).bigEndian, as: Int32.self)
        cursor.storeBytes(of: value.bigEndian, toByteOffset: 4, as: Int64.self)
        cursor += 12
    }

    @inline(__always)
    mutating func put(_ value: Int32) {
        cursor.storeBytes(of: Int32(4).bigEndian, as: Int32.self)
        cursor.storeBytes(of: value.bigEndian, toByteOffset: 4, as: Int32.self)
        cursor += 8
    }

    @inline(__always)
    mutating func put(_ value: Int16) {
        cursor.storeBytes(of: Int32(2).bigEndian, as: Int32.self)
        cursor.storeBytes(of: value.bigEndian, toByteOffset: 4, as: Int16.self)
        cursor += 6
    }

    /// A number that this project gave out itself, from 1 upwards.
    @inline(__always)
    mutating func put(_ value: UInt32) {
        invariant(value <= UInt32(Int32.max), "a number given out from 1 fits 31 bits")
        put(Int32(bitPattern: value))
    }

    @inline(__always)
    mutating func put(_ value: Bool) {
        cursor.storeBytes(of: Int32(1).bigEndian, as: Int32.self)
        cursor.storeBytes(of: value ? 1 : 0, toByteOffset: 4, as: UInt8.self)
        cursor += 5
    }

    @inline(__always)
    mutating func put(_ value: Timestamp) {
        put(BinaryValue.encoded(value))
    }

    @inline(__always)
    mutating func put(_ value: CivilDay) {
        put(BinaryValue.encoded(value))
    }

    @inline(__always)
    mutating func put(_ value: UInt128) {
        cursor.storeBytes(of: Int32(16).bigEndian, as: Int32.self)
        cursor.storeBytes(of: value.bigEndian, toByteOffset: 4, as: UInt128.self)
        cursor += 20
    }

    @inline(__always)
    mutating func put(amount units: Int128) {
        let length = NumericCoding.encode(units, to: cursor + 4)
        cursor.storeBytes(of: Int32(truncatingIfNeeded: length).bigEndian, as: Int32.self)
        cursor += 4 + length
    }

    /// A text of at most `StoredText.maximumGrowth` times its bytes once it is repaired.
    @inline(__always)
    mutating func put(text: UnsafeRawBufferPointer) {
        guard StoredText.isPlain(text) else { return put(repaired: text) }
        putBytes(text)
    }

    @inline(never)
    private mutating func put(repaired text: UnsafeRawBufferPointer) {
        let repaired = Array(StoredText.repaired(String(decoding: text, as: UTF8.self)).utf8)
        repaired.withUnsafeBytes { putBytes($0) }
    }

    @inline(__always)
    private mutating func putBytes(_ text: UnsafeRawBufferPointer) {
        cursor.storeBytes(of: Int32(truncatingIfNeeded: text.count).bigEndian, as: Int32.self)
        if let source = text.baseAddress {
            (cursor + 4).copyMemory(from: source, byteCount: text.count)
        }
        cursor += 4 + text.count
    }
}
