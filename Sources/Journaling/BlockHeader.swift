import Quantities

/// The 32 bytes in front of each block's body.
///
/// Layout:      little-endian
///
///     offset  size  field     meaning
///          0     4  magic     "MTJB"
///          4     4  checksum  CRC-32C over bytes 8 to 31 and the body
///          8     4  length    bytes of the body, without padding
///         12     2  format    1
///         14     2  flags     bit 0: the segment ends here, the length is 0
///         16     8  position  the block's own position
///         24     8  synced    what was known to be durable when the block was written
///
/// Why:         `position` makes bytes of an earlier life of the file recognisable; `synced` tells
///              a torn tail, which is cut, from damage to acknowledged data, which is reported.
struct BlockHeader: Hashable {
    var length: Int
    var endsSegment = false
    var position: UInt64
    var synced: UInt64

    static let bytes = 32
    static let magic: UInt32 = 0x424A_544D
    static let format: UInt16 = 1
    private static let endFlag: UInt16 = 1

    /// Bytes of the block with its header and padding.
    var blockBytes: Int { BlockHeader.blockBytes(body: length) }

    /// Where the next block begins.
    var endPosition: UInt64 { position + UInt64(blockBytes) }

    static func blockBytes(body length: Int) -> Int {
        bytes + (length + 7) & ~7
    }

    /// Writes the header in front of a body that is already in place, and clears the padding.
    ///
    /// - Parameter block: Aligned to 8; the body begins 32 bytes in.
    func encode(at block: UnsafeMutableRawPointer) {
        invariant(UInt(bitPattern: block) % 8 == 0, "a block is aligned to eight bytes")
        invariant(position % 8 == 0 && synced <= position, "a block comes after what was synced")
        for offset in (BlockHeader.bytes + length)..<blockBytes {
            block.storeBytes(of: 0, toByteOffset: offset, as: UInt8.self)
        }
        let flags = endsSegment ? BlockHeader.endFlag : 0
        block.storeBytes(of: BlockHeader.magic.littleEndian, as: UInt32.self)
        block.storeBytes(of: UInt32(length).littleEndian, toByteOffset: 8, as: UInt32.self)
        block.storeBytes(of: BlockHeader.format.littleEndian, toByteOffset: 12, as: UInt16.self)
        block.storeBytes(of: flags.littleEndian, toByteOffset: 14, as: UInt16.self)
        block.storeBytes(of: position.littleEndian, toByteOffset: 16, as: UInt64.self)
        block.storeBytes(of: synced.littleEndian, toByteOffset: 24, as: UInt64.self)
        let checksum = BlockHeader.checksum(of: UnsafeRawPointer(block), body: length)
        block.storeBytes(of: checksum.littleEndian, toByteOffset: 4, as: UInt32.self)
    }

    /// Reads a header that may be anything; nil when it is none.
    ///
    /// - Parameter block: Aligned to 8, at least 32 bytes. The checksum is not looked at.
    init?(at block: UnsafeRawPointer) {
        guard UInt32(littleEndian: block.load(as: UInt32.self)) == BlockHeader.magic,
            UInt16(littleEndian: block.load(fromByteOffset: 12, as: UInt16.self))
                == BlockHeader.format
        else { return nil }
        let flags = UInt16(littleEndian: block.load(fromByteOffset: 14, as: UInt16.self))
        guard flags & ~BlockHeader.endFlag == 0 else { return nil }
        length = Int(UInt32(littleEndian: block.load(fromByteOffset: 8, as: UInt32.self)))
        endsSegment = flags == BlockHeader.endFlag
        position = UInt64(littleEndian: block.load(fromByteOffset: 16, as: UInt64.self))
        synced = UInt64(littleEndian: block.load(fromByteOffset: 24, as: UInt64.self))
        guard !endsSegment || length == 0 else { return nil }
    }

    init(length: Int, endsSegment: Bool = false, position: UInt64, synced: UInt64) {
        self.length = length
        self.endsSegment = endsSegment
        self.position = position
        self.synced = synced
    }

    /// Whether the checksum in front of a whole block is right.
    ///
    /// - Parameter block: The block's first byte; its body is in place.
    /// - Returns: True when header and body are as they were written.
    func matchesChecksum(at block: UnsafeRawPointer) -> Bool {
        UInt32(littleEndian: block.load(fromByteOffset: 4, as: UInt32.self))
            == BlockHeader.checksum(of: block, body: length)
    }

    private static func checksum(of block: UnsafeRawPointer, body length: Int) -> UInt32 {
        Checksum.crc32c(UnsafeRawBufferPointer(start: block + 8, count: bytes - 8 + length))
    }
}
