import Accounting
import Quantities
import Testing

/// Goal: no bytes, however damaged, bring the reader down, should the checksum ever miss it.
///
/// Method: every truncation of every sample; seeded mutations of single bytes and lengths.
@Suite struct RecordDamageTests {
    private var samples: [[UInt8]] {
        var samples = SampleRecords.changes.map { encoded($0.change) }
        let id = [UInt8](repeating: 0x61, count: 40)
        samples.append(encoded(SampleRecords.usage, id: id, session: id))
        samples.append(encoded(SampleRecords.identifiedUsage, id: id, session: id))
        return samples
    }

    /// Walks and decodes as far as it goes; says how many records were readable.
    @discardableResult
    private func read(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes { block in
            var walker = RecordWalker(block)
            var readable = 0
            while let (kind, record) = walker.next() {
                if kind == .usage {
                    guard let (_, id, session) = UsageChange.decode(record) else { continue }
                    if session.upperBound <= record.count, id.upperBound <= session.upperBound {
                        readable += 1
                    }
                } else if Change.decode(record) != nil {
                    readable += 1
                }
            }
            return readable
        }
    }

    @Test func `a truncated record is not read, wherever it is cut`() {
        for sample in samples {
            for count in 0..<sample.count {
                #expect(read(Array(sample[0..<count])) == 0)
                // The same with a length that claims to be whole.
                guard count >= 24 else { continue }
                var short = Array(sample[0..<(count & ~7)])
                withUnsafeBytes(of: UInt32(short.count).littleEndian) {
                    short.replaceSubrange(0..<4, with: $0)
                }
                read(short)
            }
            #expect(read(sample) == 1)
        }
    }

    @Test(arguments: UInt64(1)...8)
    func `mutated records are read or refused, never trapped on`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let samples = self.samples
        for _ in 0..<3000 {
            var block = random.pick(samples) + random.pick(samples)
            for _ in 0...random.below(3) {
                let place = random.oneIn(3) ? random.below(24) : random.below(block.count)
                block[place] = random.pick([0, 1, 0x7F, 0x80, 0xFF, UInt8(random.below(256))])
            }
            #expect(read(block) <= 2, "seed \(seed)")
        }
    }

    @Test func `an unknown kind ends the walk before it`() {
        var block = samples[2] + samples[5]
        block[samples[2].count + 4] = 200
        block.withUnsafeBytes { bytes in
            var walker = RecordWalker(bytes)
            #expect(walker.next()?.kind == .projectCreated)
            #expect(walker.next() == nil)
            #expect(walker.position == samples[2].count)
        }
    }

    @Test func `replay refuses a record that it cannot read`() {
        let book = AccountBook(partition: 1, calendar: FixedOffsetCalendar())
        let short = [UInt8](repeating: 0, count: 24)
        short.withUnsafeBytes { bytes in
            #expect(!book.replay(kind: .usage, record: bytes))
            #expect(!book.replay(kind: .holdPlaced, record: bytes))
        }
    }
}
