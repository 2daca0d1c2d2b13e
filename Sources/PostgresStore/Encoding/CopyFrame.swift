/// The beginning and the end of binary COPY data.
enum CopyFrame {
    /// "PGCOPY\n\377\r\n\0", no flags, no extension.
    static let header: [UInt8] = [
        0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]
    /// A row of -1 fields.
    static let trailer: [UInt8] = [0xFF, 0xFF]

    /// Sends rows that are complete, between header and trailer, and waits for the server's word.
    ///
    /// - Parameters:
    ///   - rows: The rows.
    ///   - connection: In COPY.
    ///   - during: What is going on, for messages.
    /// - Throws: What the server or the transport says.
    static func send(
        _ rows: UnsafeRawBufferPointer,
        on connection: PostgresConnection,
        during: String
    ) throws(StoreError) {
        try put(header, on: connection, during: during)
        try connection.putCopy(rows, during: during)
        try put(trailer, on: connection, during: during)
        try connection.endCopyIn(during: during)
    }

    private static func put(
        _ bytes: [UInt8],
        on connection: PostgresConnection,
        during: String
    ) throws(StoreError) {
        let buffer = OutputBuffer(capacity: 64)
        bytes.withUnsafeBytes { buffer.append($0) }
        try connection.putCopy(buffer.bytes, during: during)
    }
}
