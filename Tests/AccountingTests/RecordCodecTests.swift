import Accounting
import Quantities
import Testing

/// Goal: what is written to the journal is read back the same, for ever.
///
/// Method: round trips of every kind; golden bytes of format version 1 in `RecordGoldens.swift`.
@Suite struct RecordCodecTests {
    @Test func `every kind of change is read back as it was written`() {
        let block = SampleRecords.changes.flatMap { encoded($0.change) }
        block.withUnsafeBytes { bytes in
            var walker = RecordWalker(bytes)
            for (name, change) in SampleRecords.changes {
                guard let (kind, record) = walker.next() else {
                    Issue.record("\(name) is not found")
                    return
                }
                #expect(record.count % 8 == 0)
                #expect(name.hasPrefix("cap") || "\(kind)" == name)
                #expect(Change.decode(record) == change)
                #expect(UsageChange.decode(record) == nil, "no other kind passes for usage")
            }
            #expect(walker.next() == nil)
            #expect(walker.position == bytes.count)
        }
    }

    @Test func `the samples leave no kind out`() {
        let block =
            SampleRecords.changes.flatMap { encoded($0.change) } + encoded(SampleRecords.usage)
        var kinds: Set<ChangeKind> = []
        block.withUnsafeBytes { bytes in
            var walker = RecordWalker(bytes)
            while let (kind, _) = walker.next() { kinds.insert(kind) }
        }
        #expect(kinds.count == ChangeKind.allCases.count)
    }

    @Test func `a buffer keeps its records while it grows`() {
        let buffer = RecordBuffer(capacity: 0)
        for _ in 0..<100 {
            for (_, change) in SampleRecords.changes { change.encode(into: buffer) }
        }
        let once = SampleRecords.changes.flatMap { encoded($0.change) }
        withExtendedLifetime(buffer) {
            #expect(Array(buffer.bytes) == (0..<100).flatMap { _ in once })
            let other = RecordBuffer()
            other.append(buffer.bytes)
            #expect(Array(other.bytes) == Array(buffer.bytes))
            buffer.removeAll()
            #expect(buffer.bytes.isEmpty)
        }
    }

    @Test(arguments: [(0, 0), (1, 0), (0, 1), (7, 9), (255, 0), (0, 255), (255, 255)])
    func `usage is read back with its id and session`(idCount: Int, sessionCount: Int) throws {
        let id = (0..<idCount).map { UInt8($0) }
        let session = (0..<sessionCount).map { UInt8(255 - $0) }
        for usage in [SampleRecords.usage, SampleRecords.identifiedUsage] {
            let record = encoded(usage, id: id, session: session)
            let decoded = try #require(decodedUsage(record))
            #expect(decoded.change == usage)
            #expect(decoded.id == id)
            #expect(decoded.session == session)
            #expect(record.count % 8 == 0)
            #expect(decodedChange(record) == nil, "usage passes for no other kind")
        }
    }

    @Test(arguments: [0, 1, 2, 255, 256, 300, 5000])
    func `usage is read back whatever the number of grants it was taken from`(count: Int) throws {
        var usage = SampleRecords.usage
        usage.draws = Draws()
        for index in 0..<count {
            let amount = Amount(units: Int128(index + 1))
            usage.draws.append(Draw(grant: UInt32(index + 1), amount: amount))
        }
        usage.charge = usage.draws.total
        let decoded = try #require(decodedUsage(encoded(usage, id: [1, 2, 3])))
        #expect(decoded.change == usage)
        #expect(decoded.id == [1, 2, 3])
    }

    @Test func `the widest values are read back`() {
        var usage = SampleRecords.usage
        usage.charge = .max
        usage.draws = SampleRecords.draws((.max, Amount.max.units))
        usage.appliedAt = .never
        usage.day = CivilDay(number: .min)
        usage.sequence = .max
        usage.hold = .max
        usage.provider = .max
        usage.tier = .max
        usage.tokens = TokenCounts(
            input: .max,
            cacheRead: .max,
            cacheWrite: .max,
            output: .max,
            reasoning: .max
        )
        #expect(decodedUsage(encoded(usage))?.change == usage)
        let long = String(repeating: "n", count: 65_535)
        let change = Change(
            appliedAt: Timestamp(microseconds: .min),
            org: .max,
            body: .projectCreated(ProjectCreated(project: .max, name: long))
        )
        #expect(decodedChange(encoded(change)) == change)
    }

    @Test func `the journal's bytes of format version 1 stay what they are`() {
        var produced: [String: String] = [:]
        for (name, change) in SampleRecords.changes {
            produced[name] = hexadecimal(encoded(change))
        }
        let id = Array("req-1".utf8)
        let session = Array("s-9".utf8)
        produced["usage"] = hexadecimal(
            encoded(SampleRecords.usage, id: id, session: session)
        )
        produced["identifiedUsage"] = hexadecimal(
            encoded(SampleRecords.identifiedUsage, id: id, session: session)
        )
        for (name, bytes) in produced.sorted(by: { $0.key < $1.key }) {
            let golden = RecordGoldens.bytes[name]?.filter { !$0.isWhitespace }
            #expect(golden == bytes, "\(name)")
        }
        #expect(RecordGoldens.bytes.count == produced.count)
    }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
