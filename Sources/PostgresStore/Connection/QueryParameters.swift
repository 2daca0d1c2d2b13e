import CLibpq
import Quantities

/// The binary parameters of one statement.
///
/// Layout:      all values one after the other in one buffer; offsets tell where each begins.
struct QueryParameters {
    private var buffer: [UInt8] = []
    private var offsets: [Int] = []
    private var lengths: [Int32] = []
    private(set) var types: [UInt32] = []

    private mutating func append(_ type: UInt32, _ bytes: some Collection<UInt8>) {
        types.append(type)
        offsets.append(buffer.count)
        lengths.append(Int32(bytes.count))
        buffer.append(contentsOf: bytes)
    }

    private mutating func append<Value: FixedWidthInteger>(_ type: UInt32, _ value: Value) {
        types.append(type)
        offsets.append(buffer.count)
        lengths.append(Int32(MemoryLayout<Value>.size))
        withUnsafeBytes(of: value.bigEndian) { buffer.append(contentsOf: $0) }
    }

    private mutating func appendNull(_ type: UInt32) {
        types.append(type)
        offsets.append(-1)
        lengths.append(0)
    }

    mutating func add(_ value: Int64) { append(TypeNumber.int8, value) }

    mutating func add(_ value: Int) { append(TypeNumber.int8, Int64(value)) }

    mutating func add(_ value: UInt64) { append(TypeNumber.int8, Int64(bitPattern: value)) }

    mutating func add(_ value: UInt32) { append(TypeNumber.int8, Int64(value)) }

    mutating func add(_ value: Bool) { append(TypeNumber.bool, UInt8(value ? 1 : 0)) }

    mutating func add(_ value: String) { append(TypeNumber.text, Array(value.utf8)) }

    mutating func add(_ value: String?) {
        guard let value else { return appendNull(TypeNumber.text) }
        add(value)
    }

    mutating func add(_ value: Int64?) {
        guard let value else { return appendNull(TypeNumber.int8) }
        add(value)
    }

    mutating func add(_ value: Timestamp?) {
        guard let value else { return appendNull(TypeNumber.timestamptz) }
        append(TypeNumber.timestamptz, BinaryValue.encoded(value))
    }

    mutating func add(_ value: CivilDay?) {
        guard let value else { return appendNull(TypeNumber.date) }
        append(TypeNumber.date, BinaryValue.encoded(value))
    }

    mutating func add(_ array: ArrayParameter) {
        append(array.arrayType, array.finished)
    }

    /// Gives the parameters in libpq's shape.
    func withPointers<Result>(
        _ body: (
            UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?,
            Int32
        ) -> Result
    ) -> Result {
        let formats = [Int32](repeating: 1, count: lengths.count)
        return buffer.withUnsafeBytes { memory in
            // An empty buffer has no address, but an empty text must not look like a null.
            let empty: StaticString = ""
            let base =
                memory.bindMemory(to: CChar.self).baseAddress
                ?? UnsafeRawPointer(empty.utf8Start).assumingMemoryBound(to: CChar.self)
            let values = offsets.map { $0 < 0 ? nil : base + $0 }
            return values.withUnsafeBufferPointer { values in
                body(values.baseAddress, lengths, formats, Int32(lengths.count))
            }
        }
    }
}

/// The numbers of PostgreSQL's built-in types; they never change.
enum TypeNumber {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let int8: UInt32 = 20
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let date: UInt32 = 1082
    static let timestamptz: UInt32 = 1184
    static let numeric: UInt32 = 1700
    static let uuid: UInt32 = 2950

    static let boolArray: UInt32 = 1000
    static let byteaArray: UInt32 = 1001
    static let int8Array: UInt32 = 1016
    static let int4Array: UInt32 = 1007
    static let textArray: UInt32 = 1009
    static let dateArray: UInt32 = 1182
    static let timestamptzArray: UInt32 = 1185
    static let numericArray: UInt32 = 1231
    static let uuidArray: UInt32 = 2951
}
