import Accounting
import DiskSimulation
import Journaling
import Quantities
import Testing

@testable import Engine

/// Goal: replay on several threads gives the books that lived, to the bit.
///
/// Method: books of all partitions live through random commands; their records are written into a
/// journal and replayed with batches of many sizes.
@Suite struct JournalReplayTests {
    @Test(arguments: [1, 2, 3] as [UInt64], [2_000, 20_000, 1 << 20])
    func `it rebuilds what lived`(seed: UInt64, batchBytes: Int) throws {
        let lives = Lives(seed: seed)
        for _ in 0..<1_500 { lives.step() }
        let shared = seed == 1 ? Int.max : 1
        let copy = try Copy(lives, batchBytes: batchBytes, sharedRecords: shared)
        try copy.replay.run()
        #expect(copy.books.map(\.digest) == lives.books.map(\.digest))
        #expect(copy.replay.records == lives.records)
        #expect(copy.replay.usage == lives.usage)
        #expect(copy.replay.progress.all == lives.progress)
        #expect(copy.directory.count == lives.organisations)
        #expect(copy.directory.number(of: "org 7") == 7)
        #expect(copy.names.name(.producer, 2) == "producer 2")
    }

    @Test func `blocks without anything for a book do not end it`() throws {
        let lives = Lives(seed: 8)
        for _ in 0..<50 { lives.step() }
        lives.skip(200)
        for _ in 0..<50 { lives.step() }
        let copy = try Copy(lives, batchBytes: 2_000, sharedRecords: 1)
        try copy.replay.run()
        #expect(copy.replay.records == lives.records)
        #expect(copy.replay.progress.all == lives.progress)
        #expect(copy.books.map(\.digest) == lives.books.map(\.digest))
    }

    @Test func `a record that no program knows is reported, whichever book it is for`() throws {
        let lives = Lives(seed: 9)
        for _ in 0..<400 { lives.step() }
        var damaged = lives.records(behind: 300)
        damaged[4] = 250
        lives.log = lives.log.dropLast(100) + [damaged]
        let copy = try Copy(lives, batchBytes: 4096, sharedRecords: 1)
        #expect(throws: EngineError.self) { try copy.replay.run() }
    }

    @Test func `a record that is cut short is reported by its book`() throws {
        let lives = Lives(seed: 10)
        for _ in 0..<400 { lives.step() }
        // A hold that names its draws and has none.
        let buffer = RecordBuffer()
        Change(
            appliedAt: .epoch,
            org: 1,
            body: .holdReleased(HoldReleased(hold: 1, lapsed: false))
        ).encode(into: buffer)
        var bytes = Array(buffer.bytes)
        bytes[4] = ChangeKind.holdPlaced.rawValue
        lives.log.append(bytes)
        let copy = try Copy(lives, batchBytes: 4096, sharedRecords: 1)
        #expect(throws: EngineError.self) { try copy.replay.run() }
    }
}

/// What a replay rebuilds.
private final class Copy {
    let books = Lives.emptyBooks()
    let directory = Directory()
    let names = NameRegistry()
    let replay: JournalReplay

    init(_ lives: Lives, batchBytes: Int, sharedRecords: Int) throws {
        let journal = try Journal(storage: lives.disk(), settings: Lives.journal)
        replay = JournalReplay(
            try journal.reader(from: 0),
            upTo: journal.recovered.endPosition,
            books: books,
            directory: directory,
            names: names,
            prices: PriceRegistry(),
            progress: [:],
            sizes: JournalReplay.Sizes(batchBytes: batchBytes, sharedRecords: sharedRecords)
        )
    }
}

/// Books of all partitions, and the records of what happened to them.
private final class Lives {
    let books = Lives.emptyBooks()
    private(set) var organisations = 0
    private(set) var usage: UInt64 = 0
    private(set) var progress: [UInt32: SequenceSet] = [:]
    /// The records of each step.
    var log: [[UInt8]] = []
    private var random: TableRandom
    private var now = Timestamp.epoch
    private let buffer = RecordBuffer()
    private var identities: UInt128 = 0

    init(seed: UInt64) {
        random = TableRandom(seed: seed)
        for number in 1...2 as ClosedRange<UInt32> {
            let name = NameDeclared(kind: .producer, number: number, name: "producer \(number)")
            Change(appliedAt: now, org: 0, body: .nameDeclared(name)).encode(into: buffer)
        }
        keep()
        for _ in 0..<60 { create() }
    }

    /// Small sizes: what is simulated is kept in arrays.
    static let journal = JournalSettings(
        segmentBytes: 1 << 17,
        maximumBodyBytes: 1 << 13,
        maximumUnsyncedBytes: 1 << 21
    )

    static func emptyBooks() -> [AccountBook] {
        (0..<AccountBook.partitions).map { AccountBook(partition: $0, calendar: UTCCalendar()) }
    }

    var records: UInt64 {
        var count: UInt64 = 0
        for bytes in log {
            bytes.withUnsafeBytes { bytes in
                var walker = RecordWalker(bytes)
                while walker.next() != nil { count += 1 }
            }
        }
        return count
    }

    func records(behind step: Int) -> [UInt8] {
        log[step...].first { !$0.isEmpty } ?? []
    }

    /// A disk with a journal of all of it, in blocks of about a kilobyte.
    func disk() throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        let journal = try Journal(storage: disk, settings: Lives.journal)
        let writer = journal.takeWriter()
        for bytes in log {
            let isKept = bytes.withUnsafeBytes { writer.append($0) }
            #expect(isKept)
            if writer.pendingBytes > 1000 { try writer.writeBlock() }
        }
        try writer.writeBlock()
        disk.kill()
        return disk
    }

    func step() {
        now = now.advanced(byMicroseconds: Int64(random.below(60_000_000)))
        let org = UInt32(random.below(organisations)) + 1
        let book = books[Int(AccountBook.partition(of: org))]
        switch random.below(20) {
        case 0: create()
        case 1:
            identities += 1
            _ = book.grant(grant(), org: org, at: now, into: buffer)
        case 2:
            let key = KeyCreated(
                key: 0,
                project: 0,
                name: "key \(identities)",
                prefix: "mk_",
                hash: SecretHash(low: UInt128(org), high: identities)
            )
            _ = book.createKey(key, org: org, at: now, into: buffer)
        case 3, 4:
            let amount = Amount(credits: random.below(3))
            let request = HoldRequest(org: org, amount: amount, ttlMicroseconds: 90_000_000)
            _ = book.authorize(request, at: now, into: buffer)
        case 5: while book.tick(at: now, into: buffer) {}
        default: debit(org, book)
        }
        keep()
    }

    /// Rejects so many reports of a producer.
    func skip(_ count: Int) {
        for _ in 0..<count {
            let sequence = (progress[1]?.contiguous ?? 0) + 1
            progress[1, default: SequenceSet()].insert(sequence)
            let skipped = SequenceSkipped(producer: 1, sequence: sequence)
            Change(appliedAt: now, org: 0, body: .sequenceSkipped(skipped)).encode(into: buffer)
            keep()
        }
    }

    private func keep() {
        log.append(Array(buffer.bytes))
        buffer.removeAll()
    }

    private func create() {
        organisations += 1
        let org = UInt32(organisations)
        let book = books[Int(AccountBook.partition(of: org))]
        let outcome = book.createOrganisation(
            org,
            name: "org \(org)",
            zone: "UTC",
            at: now,
            into: buffer
        )
        #expect(outcome == .done)
        keep()
    }

    private func grant() -> GrantIssued {
        GrantIssued(
            grant: 0,
            grantClass: .purchased,
            amount: Amount(credits: random.below(20) + 1),
            priority: Int32(random.below(3)),
            effectiveAt: now,
            expiresAt: random.below(3) == 0 ? now.advanced(byMicroseconds: 3_600_000_000) : .never,
            active: false,
            debtPaid: .zero,
            identity: identities,
            content: 1,
            reference: "",
            note: ""
        )
    }

    private func debit(_ org: UInt32, _ book: AccountBook) {
        var change = UsageChange()
        change.org = org
        change.charge = Amount(units: Int128(random.below(2_000_000_000)) * 1000)
        change.at = now
        change.producer = UInt32(random.below(2)) + 1
        change.sequence = (progress[change.producer]?.contiguous ?? 0) + 1
        progress[change.producer, default: SequenceSet()].insert(change.sequence)
        let draft = RecordBuffer()
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        change.encode(into: draft, id: empty, session: empty)
        guard let record = UsageRecord(draft.bytes) else {
            Issue.record("a draft is a record")
            return
        }
        #expect(book.debit(record, at: now, into: buffer) == .booked)
        usage += 1
    }
}
