import Quantities

/// The format of journal files, written down a second time: what recovery and readers hand out is
/// held against this one.
struct JournalImage {
    static let segmentHeaderBytes = 64
    static let blockHeaderBytes = 32

    /// The segments' bytes by the position they begin at.
    private(set) var segments: [UInt64: [UInt8]] = [:]

    /// Takes the journal's files out of a folder.
    init(_ files: [String: [UInt8]]) {
        for (name, bytes) in files {
            guard name.hasPrefix("journal-"), name.hasSuffix(".log"),
                let start = UInt64(name.dropFirst(8).dropLast(4))
            else { continue }
            segments[start] = bytes
        }
    }

    /// The file's name of a segment.
    static func name(_ start: UInt64) -> String {
        let digits = String(start)
        return "journal-" + String(repeating: "0", count: 20 - digits.count) + digits + ".log"
    }

    /// Whether a whole block with this body stands at a position, with a right checksum.
    func holds(_ body: [UInt8], at position: UInt64) -> Bool {
        guard let start = segments.keys.filter({ $0 <= position }).max(),
            let segment = segments[start], position - start < UInt64(segment.count)
        else { return false }
        let offset = Int(position - start)
        let end = offset + JournalImage.blockHeaderBytes + body.count
        guard end <= segment.count, segment[offset..<(offset + 4)].elementsEqual("MTJB".utf8),
            JournalImage.u32(segment, offset + 8) == UInt32(body.count),
            JournalImage.u64(segment, offset + 16) == position,
            segment[(offset + JournalImage.blockHeaderBytes)..<end] == body[...]
        else { return false }
        return JournalImage.u32(segment, offset + 4)
            == JournalImage.checksum(segment, (offset + 8)..<end)
    }

    /// Makes the checksums of a segment's header and of its blocks right, as far as its blocks
    /// follow each other, so that damage behind the checksums can be tried as well.
    static func repair(_ segment: inout [UInt8]) {
        guard segment.count >= segmentHeaderBytes else { return }
        put(checksum(segment, 8..<segmentHeaderBytes), at: 4, in: &segment)
        var offset = segmentHeaderBytes
        while offset + blockHeaderBytes <= segment.count,
            segment[offset..<(offset + 4)].elementsEqual("MTJB".utf8)
        {
            let length = Int(u32(segment, offset + 8))
            let end = offset + blockHeaderBytes + length
            guard end <= segment.count else { return }
            put(checksum(segment, (offset + 8)..<end), at: offset + 4, in: &segment)
            offset = offset + blockHeaderBytes + (length + 7) & ~7
        }
    }

    static func u32(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        bytes[offset..<(offset + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    static func u64(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
        bytes[offset..<(offset + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func put(_ value: UInt32, at offset: Int, in bytes: inout [UInt8]) {
        for index in 0..<4 { bytes[offset + index] = UInt8(value >> (8 * index) & 255) }
    }

    private static func checksum(_ bytes: [UInt8], _ range: Range<Int>) -> UInt32 {
        bytes[range].withUnsafeBytes { Checksum.crc32c($0) }
    }
}
