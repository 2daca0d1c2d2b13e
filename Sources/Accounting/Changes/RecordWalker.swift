/// Walks through the records of a journal block.
public struct RecordWalker {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    /// Begins at the first record.
    ///
    /// - Parameter bytes: A block's body: whole records, one after the other.
    public init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// How many bytes were walked.
    public var position: Int { offset }

    /// Goes over the next record and tells whose it is; nil at the end or where no record follows.
    ///
    /// For looking ahead only: what kind of record it is, and whether this program knows it, is
    /// `next`'s to say.
    @inline(__always)
    public mutating func nextOrganisation() -> UInt32? {
        guard offset + 24 <= bytes.count else { return nil }
        let length = Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        guard length >= 24, offset + length <= bytes.count else { return nil }
        let org = bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt32.self)
        offset += length
        return org
    }

    /// The next record with its kind, or nil at the end or where no known record follows.
    ///
    /// At a proper end `position` is the body's length; elsewhere the journal was written by
    /// something newer or is damaged, which its reader must report.
    public mutating func next() -> (kind: ChangeKind, record: UnsafeRawBufferPointer)? {
        guard offset + 24 <= bytes.count else { return nil }
        let length = Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        guard length >= 24, length % 8 == 0, offset + length <= bytes.count,
            let kind = ChangeKind(rawValue: bytes[offset + 4])
        else { return nil }
        let record = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
        offset += length
        return (kind, record)
    }
}
