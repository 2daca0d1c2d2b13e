import Quantities
import Wire

/// Frames of usage records that were encoded before, to be sent again and again with new numbers.
///
/// Why: on two cores the generator competes with what it measures; so a record costs it two stores
/// and the kernel's copy, and nothing is encoded while the clock runs.
struct FramePool: ~Copyable {
    private static let records = 65_536
    // Recognised in an encoded record, so that the layout is not written down here again.
    private static let marker: UInt64 = 0x5EED_5EED_1D1D_1D1D
    private static let idLength = 20

    private var buffer: WireBuffer
    private var frames: [Range<Int>] = []
    /// Where each record's sequence number lies, all of a frame's following each other.
    private var sequences: [Int] = []
    private let perFrame: Int
    private let idAfterSequence: Int
    private var nextFrame = 0

    /// Encodes the pool.
    ///
    /// - Parameters:
    ///   - workload: What the requests are like.
    ///   - accounts: How many keys the connection has interned.
    ///   - perFrame: How many records are in a frame.
    ///   - seed: Of the requests.
    /// - Throws: `BenchError` when records do not look as this expects.
    init(_ workload: Workload, accounts: Int, perFrame: Int, seed: UInt64) throws {
        idAfterSequence = try FramePool.distanceFromSequenceToID()
        self.perFrame = perFrame
        buffer = WireBuffer(capacity: FramePool.records * 112)
        var random = SeededGenerator(seed: seed)
        let id = Array("req-0000000000000000".utf8)
        while sequences.count < FramePool.records {
            let start = buffer.count
            var batch = UsageBatchEncoder(in: &buffer)
            for _ in 0..<perFrame {
                let record = buffer.count
                var report = FramePool.report(tokens: workload.tokens(&random))
                report.account = .index(UInt32(workload.organisation(&random) % accounts))
                report.model = .index(UInt32(random.next() % UInt64(Workload.models.count)))
                report.latencyMilliseconds = UInt32(200 + random.next() % 9000)
                let taken = batch.append(report, texts: id.span.bytes, to: &buffer)
                invariant(taken, "the options allow no more records than a frame holds")
                sequences.append(record + FramePool.sequenceOffset)
            }
            batch.finish(&buffer)
            frames.append(start..<buffer.count)
        }
    }

    /// Bytes of a record, with its share of the frame's header.
    var bytesPerEvent: Double { Double(buffer.count) / Double(sequences.count) }

    /// Sends whole frames, numbered on.
    ///
    /// - Parameters:
    ///   - events: How many records, a multiple of those in a frame.
    ///   - last: The sequence number before the first.
    ///   - socket: Where to.
    /// - Throws: `BenchError` when the other side is gone.
    mutating func send(_ events: Int, after last: UInt64, to socket: Socket) throws {
        var sequence = last
        let end = last + UInt64(events)
        let (frames, sequences, perFrame) = (frames, sequences, perFrame)
        let idAfterSequence = idAfterSequence
        var index = nextFrame
        try buffer.withMutableBytes { (span: inout MutableRawSpan) throws in
            try span.withUnsafeMutableBytes { bytes in
                while sequence < end {
                    for offset in sequences[index * perFrame..<(index + 1) * perFrame] {
                        sequence += 1
                        bytes.storeBytes(of: sequence, toByteOffset: offset, as: UInt64.self)
                        bytes.storeBytes(
                            of: FramePool.digits(UInt32(truncatingIfNeeded: sequence)),
                            toByteOffset: offset + idAfterSequence + FramePool.idLength - 8,
                            as: UInt64.self
                        )
                    }
                    try socket.sendAll(UnsafeRawBufferPointer(rebasing: bytes[frames[index]]))
                    index = (index + 1) % frames.count
                }
            }
        }
        nextFrame = index
    }

    /// Eight hexadecimal digits, without a loop or a table: each nibble in a byte of its own.
    private static func digits(_ number: UInt32) -> UInt64 {
        var spread = UInt64(number.byteSwapped)
        spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF
        spread = (spread >> 4 | spread << 8) & 0x0F0F_0F0F_0F0F_0F0F
        let letters = ((spread &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
        return spread &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
    }

    private static func report(tokens: TokenCounts) -> UsageReport {
        var report = UsageReport(
            sequence: marker,
            id: ByteRange(offset: 0, length: UInt32(idLength)),
            accountKind: .key,
            account: .index(0),
            model: .index(0),
            tokens: tokens
        )
        report.at = Timestamp(microseconds: Clock.wallMicroseconds)
        return report
    }

    /// Where the sequence number lies in a record; `Protocol.md` says so, and `init` checks it.
    private static let sequenceOffset = 8

    private static func distanceFromSequenceToID() throws -> Int {
        var probe = WireBuffer()
        var batch = UsageBatchEncoder(in: &probe)
        let record = probe.count
        let id = Array("req-probeprobeprobe!".utf8)
        let taken = batch.append(report(tokens: TokenCounts()), texts: id.span.bytes, to: &probe)
        batch.finish(&probe)
        let bytes = probe.withBytes { span in span.withUnsafeBytes { Array($0) } }
        let found = bytes.indices.first { bytes[$0...].starts(with: id) }
        let sequence = bytes.withUnsafeBytes {
            $0.loadUnaligned(fromByteOffset: record + sequenceOffset, as: UInt64.self)
        }
        guard taken, let found, UInt64(littleEndian: sequence) == marker else {
            throw BenchError("the layout of a usage record has changed: mend FramePool")
        }
        return found - record - sequenceOffset
    }
}
