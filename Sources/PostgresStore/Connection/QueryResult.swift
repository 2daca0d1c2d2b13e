import CLibpq
import Quantities

/// A server's answer, with binary fields.
///
/// Queue:       used by its connection's owner only; its memory goes with it.
final class QueryResult {
    private let handle: OpaquePointer?

    init(_ handle: OpaquePointer?) {
        self.handle = handle
    }

    deinit {
        PQclear(handle)
    }

    var status: ExecStatusType { PQresultStatus(handle) }

    var rowCount: Int { Int(PQntuples(handle)) }

    /// Which command was done, such as "COMMIT".
    var commandTag: String {
        guard let handle, let text = PQcmdStatus(handle) else { return "" }
        return String(cString: text)
    }

    /// How many rows a command changed.
    var affectedRows: Int {
        guard let handle, let text = PQcmdTuples(handle) else { return 0 }
        return Int(String(cString: text)) ?? 0
    }

    /// A field of an error report.
    func field(_ code: Int32) -> String? {
        guard let text = PQresultErrorField(handle, code) else { return nil }
        return String(cString: text)
    }

    func isNull(_ row: Int, _ column: Int) -> Bool {
        PQgetisnull(handle, Int32(row), Int32(column)) == 1
    }

    /// The bytes of a field; they live as long as the result.
    private func bytes(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer {
        let count = Int(PQgetlength(handle, Int32(row), Int32(column)))
        return UnsafeRawBufferPointer(
            start: PQgetvalue(handle, Int32(row), Int32(column)),
            count: count
        )
    }

    func int64(_ row: Int, _ column: Int) throws(StoreError) -> Int64 {
        try BinaryValue.int64(bytes(row, column))
    }

    /// A whole number of any width; a null counts as 0.
    func integer(_ row: Int, _ column: Int) throws(StoreError) -> Int {
        if isNull(row, column) { return 0 }
        let field = bytes(row, column)
        switch field.count {
        case 2: return Int(Int16(bigEndian: field.loadUnaligned(as: Int16.self)))
        case 4: return Int(Int32(bigEndian: field.loadUnaligned(as: Int32.self)))
        default: return Int(try BinaryValue.int64(field))
        }
    }

    func unsigned(_ row: Int, _ column: Int) throws(StoreError) -> UInt64 {
        UInt64(bitPattern: Int64(try integer(row, column)))
    }

    func number(_ row: Int, _ column: Int) throws(StoreError) -> UInt32 {
        UInt32(truncatingIfNeeded: try integer(row, column))
    }

    func bool(_ row: Int, _ column: Int) -> Bool {
        bytes(row, column).first == 1
    }

    func text(_ row: Int, _ column: Int) -> String {
        String(decoding: bytes(row, column), as: UTF8.self)
    }

    func optionalText(_ row: Int, _ column: Int) -> String? {
        isNull(row, column) ? nil : text(row, column)
    }

    func byteArray(_ row: Int, _ column: Int) -> [UInt8] {
        Array(bytes(row, column))
    }

    /// The digest of a key; a null counts as none, 0.
    func identity(_ row: Int, _ column: Int) throws(StoreError) -> UInt128 {
        if isNull(row, column) { return 0 }
        let field = bytes(row, column)
        guard field.count == 16 else { throw .unexpectedAnswer("an identity that is not 16 bytes") }
        return UInt128(bigEndian: field.loadUnaligned(as: UInt128.self))
    }

    /// An amount; a null counts as zero.
    func amount(_ row: Int, _ column: Int) throws(StoreError) -> Amount {
        if isNull(row, column) { return .zero }
        return try NumericCoding.decode(bytes(row, column))
    }

    func time(_ row: Int, _ column: Int) throws(StoreError) -> Timestamp {
        BinaryValue.time(try int64(row, column))
    }

    func optionalTime(_ row: Int, _ column: Int) throws(StoreError) -> Timestamp? {
        isNull(row, column) ? nil : try time(row, column)
    }

    func day(_ row: Int, _ column: Int) throws(StoreError) -> CivilDay {
        BinaryValue.day(Int32(try integer(row, column)))
    }
}

/// The fields of an error report, by libpq's letters (its macros do not reach Swift).
enum ReportField {
    static let sqlState = Int32(UInt8(ascii: "C"))
    static let message = Int32(UInt8(ascii: "M"))
}
