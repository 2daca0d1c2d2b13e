import Quantities

/// A one-dimensional array as a binary parameter, made element by element.
///
/// Layout:
/// ```
///   0 i32 dimensions (1, or 0 for an empty array)     12 i32 how many elements
///   4 i32 1 when there are nulls                      16 i32 lower bound, 1
///   8 u32 type of the elements                        20 each element: i32 length, bytes; -1 null
/// ```
/// Cost:        one growing buffer, however many elements.
struct ArrayParameter {
    let arrayType: UInt32
    private let elementType: UInt32
    private var bytes: [UInt8]
    private var count: Int32 = 0
    private var hasNulls = false

    private static let headerLength = 20

    private init(_ elementType: UInt32, array arrayType: UInt32) {
        self.elementType = elementType
        self.arrayType = arrayType
        self.bytes = [UInt8](repeating: 0, count: ArrayParameter.headerLength)
    }

    static var int8: ArrayParameter { .init(TypeNumber.int8, array: TypeNumber.int8Array) }
    static var int4: ArrayParameter { .init(TypeNumber.int4, array: TypeNumber.int4Array) }
    static var bool: ArrayParameter { .init(TypeNumber.bool, array: TypeNumber.boolArray) }
    static var text: ArrayParameter { .init(TypeNumber.text, array: TypeNumber.textArray) }
    static var date: ArrayParameter { .init(TypeNumber.date, array: TypeNumber.dateArray) }
    static var bytea: ArrayParameter { .init(TypeNumber.bytea, array: TypeNumber.byteaArray) }
    static var uuid: ArrayParameter { .init(TypeNumber.uuid, array: TypeNumber.uuidArray) }
    static var numeric: ArrayParameter {
        .init(TypeNumber.numeric, array: TypeNumber.numericArray)
    }
    static var time: ArrayParameter {
        .init(TypeNumber.timestamptz, array: TypeNumber.timestamptzArray)
    }

    private mutating func put<Value: FixedWidthInteger>(_ value: Value, as type: UInt32) {
        invariant(type == elementType, "an array has elements of one type")
        count += 1
        withUnsafeBytes(of: Int32(MemoryLayout<Value>.size).bigEndian) {
            bytes.append(contentsOf: $0)
        }
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func put(bytes value: some Collection<UInt8>) {
        count += 1
        withUnsafeBytes(of: Int32(value.count).bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: value)
    }

    mutating func add(_ value: Int64) { put(value, as: TypeNumber.int8) }

    mutating func add(_ value: UInt64) { put(Int64(bitPattern: value), as: TypeNumber.int8) }

    mutating func add(org: UInt32) { put(Int64(org), as: TypeNumber.int8) }

    mutating func add(_ value: Int32) { put(value, as: TypeNumber.int4) }

    /// A number that this project gave out itself, from 1 upwards.
    mutating func add(_ value: UInt32) {
        invariant(value <= UInt32(Int32.max), "a number given out from 1 fits 31 bits")
        put(Int32(bitPattern: value), as: TypeNumber.int4)
    }

    mutating func add(_ value: Bool) { put(UInt8(value ? 1 : 0), as: TypeNumber.bool) }

    mutating func add(_ value: Timestamp) {
        put(BinaryValue.encoded(value), as: TypeNumber.timestamptz)
    }

    mutating func add(_ value: CivilDay) { put(BinaryValue.encoded(value), as: TypeNumber.date) }

    mutating func add(_ value: UInt128) { put(value, as: TypeNumber.uuid) }

    mutating func add(_ value: String) {
        invariant(elementType == TypeNumber.text, "an array has elements of one type")
        put(bytes: StoredText.repaired(value).utf8)
    }

    mutating func add(_ value: [UInt8]) {
        invariant(elementType == TypeNumber.bytea, "an array has elements of one type")
        put(bytes: value)
    }

    mutating func add(_ value: Amount) {
        invariant(elementType == TypeNumber.numeric, "an array has elements of one type")
        count += 1
        withUnsafeTemporaryAllocation(byteCount: NumericCoding.maximumLength, alignment: 8) {
            guard let base = $0.baseAddress else { return }
            let length = NumericCoding.encode(value.units, to: base)
            withUnsafeBytes(of: Int32(length).bigEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: UnsafeRawBufferPointer(start: base, count: length))
        }
    }

    mutating func addNull() {
        count += 1
        hasNulls = true
        withUnsafeBytes(of: Int32(-1).bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// The whole value, with its header.
    var finished: [UInt8] {
        var result = bytes
        let words = count == 0 ? [0, 0, elementType] : [1, hasNulls ? 1 : 0, elementType]
        var header: [UInt32] = words
        if count != 0 { header += [UInt32(count), 1] }
        for (index, word) in header.enumerated() {
            withUnsafeBytes(of: word.bigEndian) { source in
                for (offset, byte) in source.enumerated() { result[index * 4 + offset] = byte }
            }
        }
        if count == 0 { result.removeLast(ArrayParameter.headerLength - 12) }
        return result
    }
}
