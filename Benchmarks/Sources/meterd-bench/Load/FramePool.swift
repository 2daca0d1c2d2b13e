import Glibc
import Quantities
import Wire

/// Usage records that were encoded before, to be sent again and again with new numbers.
///
/// Why: on two cores the generator competes with what it measures; so a record costs it a few
/// stores and the kernel's copy, and nothing is encoded while the clock runs.
struct FramePool: ~Copyable {
    // Recognised in an encoded record, so that the layout is not written down here again; it has as
    // many decimal digits as a line gets room for.
    private static let marker: UInt64 = 6_840_574_117_321_948_765
    private static let sequenceDigits = 19
    private static let id = Array("req-0000000000000000".utf8)

    private var buffer: WireBuffer
    private var frames: [Range<Int>] = []
    private var places: [Place] = []
    private let kind: ProducerKind
    private var nextFrame = 0

    /// Where a record's numbers lie, from the beginning of the buffer.
    private struct Place {
        var sequence: UInt32
        /// The last eight characters of the request's identity.
        var id: UInt32
    }

    /// Encodes the pool.
    ///
    /// - Parameters:
    ///   - workload: What the requests are like.
    ///   - kind: How they are encoded, and for whom.
    ///   - organisations: How many there are in all.
    ///   - seed: Of the requests.
    /// - Throws: `BenchError` when records do not look as this expects.
    init(_ workload: Workload, kind: ProducerKind, organisations: Int, seed: UInt64) throws {
        let sampler = ZipfSampler(organisations: organisations, share: kind.share)
        self.kind = kind
        buffer = WireBuffer(capacity: kind.records * (kind.encoding == .binary ? 112 : 320))
        places.reserveCapacity(kind.records + kind.perFrame)
        var random = SeededGenerator(seed: seed)
        while places.count < kind.records {
            let start = buffer.count
            switch kind.encoding {
            case .binary: try appendFrame(workload, sampler, &random)
            case .jsonLines: try appendLines(workload, sampler, &random)
            }
            frames.append(start..<buffer.count)
        }
    }

    /// Bytes of a record, with its share of the frame's header.
    var bytesPerEvent: Double { Double(buffer.count) / Double(places.count) }

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
        let (frames, places, perFrame) = (frames, places, kind.perFrame)
        let isBinary = kind.encoding == .binary
        var index = nextFrame
        try buffer.withMutableBytes { (span: inout MutableRawSpan) throws in
            try span.withUnsafeMutableBytes { bytes in
                while sequence < end {
                    for place in places[index * perFrame..<(index + 1) * perFrame] {
                        sequence += 1
                        let offset = Int(place.sequence)
                        if isBinary {
                            bytes.storeBytes(of: sequence, toByteOffset: offset, as: UInt64.self)
                        } else {
                            FramePool.writeDecimal(sequence, into: bytes, at: offset)
                        }
                        bytes.storeBytes(
                            of: FramePool.digits(UInt32(truncatingIfNeeded: sequence)),
                            toByteOffset: Int(place.id),
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

    // MARK: - Encoding

    private mutating func appendFrame(
        _ workload: Workload,
        _ sampler: ZipfSampler,
        _ random: inout SeededGenerator
    ) throws {
        var batch = UsageBatchEncoder(in: &buffer)
        for _ in 0..<kind.perFrame {
            let record = buffer.count
            let rank = sampler.next(&random)
            var report = FramePool.report(workload, &random)
            report.account = .index(kind.share.index(of: rank))
            report.model = .index(UInt32(random.next() % UInt64(Workload.models.count)))
            let taken = batch.append(report, texts: FramePool.id.span.bytes, to: &buffer)
            invariant(taken, "the options allow no more records than a frame holds")
            places.append(try place(from: record))
        }
        batch.finish(&buffer)
    }

    private mutating func appendLines(
        _ workload: Workload,
        _ sampler: ZipfSampler,
        _ random: inout SeededGenerator
    ) throws {
        for _ in 0..<kind.perFrame {
            let record = buffer.count
            let rank = sampler.next(&random)
            let secret = Array(Population.secret(rank).utf8)
            let model = Workload.models[Int(random.next() % UInt64(Workload.models.count))]
            var report = FramePool.report(workload, &random)
            var texts = FramePool.id
            report.account = .text(FramePool.append(secret, to: &texts))
            report.model = .text(FramePool.append(Array(model.utf8), to: &texts))
            ClientEncoder(.jsonLines).append(
                .usage(report),
                texts: texts.span.bytes,
                to: &buffer
            )
            places.append(try place(from: record))
        }
    }

    private static func append(_ text: [UInt8], to texts: inout [UInt8]) -> ByteRange {
        let offset = texts.count
        texts += text
        return ByteRange(offset: UInt32(offset), length: UInt32(text.count))
    }

    private static func report(
        _ workload: Workload,
        _ random: inout SeededGenerator
    ) -> UsageReport {
        var report = UsageReport(
            sequence: marker,
            id: ByteRange(offset: 0, length: UInt32(id.count)),
            accountKind: .key,
            account: .index(0),
            model: .index(0),
            tokens: workload.tokens(&random)
        )
        report.at = Timestamp(microseconds: Clock.wallMicroseconds)
        report.latencyMilliseconds = UInt32(200 + random.next() % 9000)
        return report
    }

    /// Finds the numbers in the record that was encoded last.
    private func place(from start: Int) throws -> Place {
        let wanted: [UInt8] =
            kind.encoding == .binary
            ? withUnsafeBytes(of: FramePool.marker.littleEndian) { Array($0) }
            : Array(String(FramePool.marker).utf8)
        let found = buffer.withBytes { span in
            span.withUnsafeBytes { bytes -> (sequence: Int?, id: Int?) in
                let record = UnsafeRawBufferPointer(rebasing: bytes[start...])
                let id = FramePool.find(FramePool.id, in: record)
                return (FramePool.find(wanted, in: record), id)
            }
        }
        guard let sequence = found.sequence, let id = found.id else {
            throw BenchError("the layout of a usage record has changed: mend FramePool")
        }
        return Place(
            sequence: UInt32(start + sequence),
            id: UInt32(start + id + FramePool.id.count - 8)
        )
    }

    private static func find(_ wanted: [UInt8], in bytes: UnsafeRawBufferPointer) -> Int? {
        wanted.withUnsafeBytes { wanted in
            guard let first = wanted.baseAddress, let base = bytes.baseAddress,
                wanted.count <= bytes.count
            else { return nil }
            return (0...(bytes.count - wanted.count)).first {
                memcmp(base + $0, first, wanted.count) == 0
            }
        }
    }

    // MARK: - Numbers

    /// A number in as many characters as the marker has, blanks before it: JSON allows them there.
    private static func writeDecimal(
        _ number: UInt64,
        into bytes: UnsafeMutableRawBufferPointer,
        at offset: Int
    ) {
        var rest = number
        var place = offset + sequenceDigits - 1
        while place >= offset {
            bytes[place] = rest > 0 ? UInt8(0x30 + rest % 10) : 0x20
            rest /= 10
            place -= 1
        }
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
}
