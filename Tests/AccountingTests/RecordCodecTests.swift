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
                // A kind may have several samples, told apart behind a point.
                #expect(name.hasPrefix("cap") || "\(kind)" == name.prefix { $0 != "." })
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
            buffer.removeAll()
            #expect(buffer.bytes.isEmpty)
        }
    }

    @Test func `records go into lent memory, and all of them elsewhere when it is too small`() {
        let all = SampleRecords.changes.flatMap { encoded($0.change) }
        for size in [all.count + 64, all.count, all.count - 8, 8] {
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size + 8, alignment: 8)
            defer { memory.deallocate() }
            let buffer = RecordBuffer(capacity: 0)
            for _ in 0..<2 {
                buffer.lend(UnsafeMutableRawBufferPointer(rebasing: memory[..<size]))
                #expect(buffer.isLent)
                for (_, change) in SampleRecords.changes { change.encode(into: buffer) }
                #expect(buffer.isLent == (size >= all.count))
                #expect(Array(buffer.bytes) == all, "lent \(size) bytes")
                if buffer.isLent { #expect(Array(memory[..<all.count]) == all) }
                buffer.takeBack()
                #expect(buffer.bytes.isEmpty && !buffer.isLent)
            }
        }
    }

    @Test(arguments: [(1, 0), (7, 9), (64, 0), (64, 64)])
    func `a record is read in place as it is read as a change`(idCount: Int, sessionCount: Int) {
        let id = (0..<idCount).map { UInt8($0) }
        let session = (0..<sessionCount).map { UInt8(255 - $0) }
        for usage in [SampleRecords.usage, SampleRecords.identifiedUsage] {
            for count in 0...3 {
                var change = usage
                change.draws = Draws()
                for grant in 0..<count {
                    let part = Amount(units: change.charge.units / Int128(count))
                    let amount = count == 1 ? change.charge : part
                    change.draws.append(Draw(grant: UInt32(grant + 5), amount: amount))
                }
                encoded(change, id: id, session: session).withUnsafeBytes { bytes in
                    let record = UsageRecord(bytes)
                    #expect(record?.draws == change.draws)
                    #expect(record?.drawCount == count)
                    #expect(record?.charge == change.charge && record?.hold == change.hold)
                    #expect(record?.org == change.org && record?.project == change.project)
                    #expect(record?.key == change.key && record?.model == change.model)
                    #expect(record?.price == change.price && record?.tier == change.tier)
                    #expect(record?.producer == change.producer)
                    #expect(record?.sequence == change.sequence)
                    #expect(record?.at == change.at && record?.appliedAt == change.appliedAt)
                    #expect(record?.day == change.day && record?.tokens == change.tokens)
                    #expect(record?.provider == change.provider)
                    #expect(record?.latencyMilliseconds == change.latencyMilliseconds)
                    #expect(record?.failed == change.failed && record?.cacheHit == change.cacheHit)
                    #expect(record?.identity == change.identity)
                    #expect(record?.content == change.content)
                    #expect(record.map { Array($0.id) } == id)
                    #expect(record.map { Array($0.session) } == session)
                    for end in stride(from: 0, to: bytes.count - 7, by: 8) {
                        let cut = UnsafeRawBufferPointer(rebasing: bytes[..<end])
                        #expect(UsageRecord(cut) == nil, "cut after \(end) bytes")
                    }
                }
            }
        }
    }

    @Test func `a draft is the record that the same change would be before it is booked`() {
        for usage in [SampleRecords.usage, SampleRecords.identifiedUsage] {
            var facts = UsageFacts()
            facts.org = usage.org
            facts.project = usage.project
            facts.key = usage.key
            facts.model = usage.model
            facts.producer = usage.producer
            facts.latencyMilliseconds = usage.latencyMilliseconds
            facts.sequence = usage.sequence
            facts.at = usage.at
            facts.hold = usage.hold
            facts.identity = usage.identity
            facts.content = usage.content
            facts.tokens = usage.tokens
            facts.provider = usage.provider
            facts.failed = usage.failed
            facts.cacheHit = usage.cacheHit
            var change = usage
            change.appliedAt = .epoch
            change.price = 0
            change.tier = 0
            change.day = CivilDay(number: 0)
            change.charge = .zero
            change.draws = Draws()
            for count in [1, 7, 8, 9, 64] {
                let id = (0..<count).map { UInt8($0 + 1) }
                let expected = encoded(change, id: id, session: id)
                var place = [UInt8](repeating: 0xAA, count: expected.count)
                place.withUnsafeMutableBytes { place in
                    guard let base = place.baseAddress else { return }
                    id.withUnsafeBytes { id in
                        _ = UsageRecord.draft(at: base, facts, id: id, session: id)
                    }
                }
                #expect(place == expected)
            }
        }
    }

    @Test func `the digest of a draft tells every fact from another, but no latency`() throws {
        func digest(
            names: UInt64 = 1,
            id: String = "r-1",
            _ change: (inout UsageFacts) -> Void
        )
            -> UInt64
        {
            var facts = UsageFacts()
            facts.org = 1
            facts.tokens = TokenCounts(input: 10, cacheRead: 1, cacheWrite: 2, output: 3)
            change(&facts)
            let place = UnsafeMutableRawPointer.allocate(byteCount: 512, alignment: 8)
            defer { place.deallocate() }
            return Array(id.utf8).withUnsafeBytes { id in
                let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
                return UsageRecord.draft(at: place, facts, id: id, session: nothing)
                    .contentDigest(names: names)
            }
        }
        let plain = digest { _ in }
        let others = [
            digest { $0.org = 2 }, digest { $0.key = 1 }, digest { $0.at = .epoch },
            digest { $0.hold = 1 }, digest { $0.failed = true }, digest { $0.cacheHit = true },
            digest { $0.tokens.input = 11 }, digest { $0.tokens.cacheRead = 2 },
            digest { $0.tokens.cacheWrite = 1 }, digest { $0.tokens.output = 4 },
            digest { $0.tokens.reasoning = 1 }, digest(names: 2) { _ in },
            digest(id: "r-2") { _ in }, digest(id: "r-11") { _ in },
            digest(id: "a longer name of a request") { _ in },
        ]
        #expect(Set(others + [plain]).count == others.count + 1)
        #expect(digest { $0.latencyMilliseconds = 7 } == plain)
        #expect(digest { $0.identity = 7 } == plain)
        #expect(digest { $0.sequence = 7 } == plain)
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
        // Before deployments kept what they cost, this was a machine's; it is read and written on.
        produced["machineChangedWithSpend"] = produced["machineChanged"]
        let before = bytes(RecordGoldens.bytes["machineChanged"] ?? "")
        produced["machineChanged"] = decodedChange(before).map { hexadecimal(encoded($0)) }
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

    private func bytes(_ hexadecimal: String) -> [UInt8] {
        let digits = hexadecimal.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
