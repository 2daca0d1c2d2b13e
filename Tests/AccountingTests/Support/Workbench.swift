import Accounting
import Quantities
import Testing

/// Reads an amount in a test's table; a bad one fails the test and counts as zero.
func credits(_ text: String) -> Amount {
    do {
        return try Amount(decimal: text)
    } catch {
        Issue.record("\"\(text)\" \(error)")
        return .zero
    }
}

/// Reads a moment in a test's table; a bad one fails the test and counts as 1970.
func time(_ text: String) -> Timestamp {
    guard let moment = Timestamp(rfc3339: text.utf8) else {
        Issue.record("\"\(text)\" is no time")
        return .epoch
    }
    return moment
}

let second: Int64 = 1_000_000
let minute: Int64 = 60 * second
let hour: Int64 = 60 * minute
let day: Int64 = 24 * hour

/// One book with organisation 1, and short words for what tests do with it.
final class Workbench {
    let book: AccountBook
    let buffer = RecordBuffer()
    var now: Timestamp
    var org: UInt32 = 1
    private var identities: UInt128 = 0

    init(
        at start: String = "2026-03-01T00:00:00Z",
        zone: String = "UTC",
        calendar: any ZoneCalendar = FixedOffsetCalendar(),
        windowEntries: Int = 65_536
    ) {
        book = AccountBook(partition: 1, calendar: calendar, windowEntries: windowEntries)
        now = time(start)
        let outcome = book.createOrganisation(1, name: "org", zone: zone, at: now, into: buffer)
        #expect(outcome == .done)
    }

    /// The organisation as the book has it now.
    var wallet: Organisation {
        guard let wallet = book.organisation(org) else {
            Issue.record("there is no organisation \(org)")
            return AccountBook(partition: 1, calendar: FixedOffsetCalendar()).all[0]
        }
        return wallet
    }

    var balance: String { wallet.posted.description }

    func wait(_ microseconds: Int64) {
        now = now.advanced(byMicroseconds: microseconds)
    }

    func wait(until text: String) {
        now = time(text)
    }

    /// Waits, and lets everything happen that is due by itself.
    func tick(until text: String) {
        wait(until: text)
        tick()
    }

    func tick() {
        while book.tick(at: now, into: buffer) {}
    }

    @discardableResult
    func grant(
        _ amount: String,
        _ grantClass: GrantClass = .purchased,
        priority: Int32 = 100,
        effective: String? = nil,
        expires: String? = nil,
        identity: UInt128? = nil,
        content: UInt64 = 0
    ) -> CommandOutcome {
        identities += 1
        let grant = GrantIssued(
            grant: 0,
            grantClass: grantClass,
            amount: credits(amount),
            priority: priority,
            effectiveAt: effective.map(time) ?? now,
            expiresAt: expires.map(time) ?? .never,
            active: false,
            debtPaid: .zero,
            identity: identity ?? 1_000_000 + identities,
            content: content,
            reference: "",
            note: ""
        )
        return book.grant(grant, org: org, at: now, into: buffer)
    }

    @discardableResult
    func hold(
        _ amount: String,
        project: UInt32 = 0,
        key: UInt32 = 0,
        generation: UInt32 = 1,
        ttl: Int64 = minute
    ) -> Authorization {
        let request = HoldRequest(
            org: org,
            project: project,
            key: key,
            generation: generation,
            amount: credits(amount),
            ttlMicroseconds: ttl
        )
        return book.authorize(request, at: now, into: buffer)
    }

    /// Places a hold that must be granted, and gives its serial.
    func held(_ amount: String, project: UInt32 = 0, key: UInt32 = 0, ttl: Int64 = minute) -> UInt64
    {
        let outcome = hold(amount, project: project, key: key, ttl: ttl)
        guard case .granted(let granted) = outcome else {
            Issue.record("a hold of \(amount) was refused: \(outcome)")
            return 0
        }
        return granted.hold.serial
    }

    func extend(_ hold: UInt64, to amount: String, ttl: Int64 = minute) -> Authorization {
        book.extend(
            name(hold),
            to: credits(amount),
            ttlMicroseconds: ttl,
            at: now,
            into: buffer
        )
    }

    func release(_ hold: UInt64) -> Bool {
        book.release(name(hold), lapsed: false, at: now, into: buffer)
    }

    func name(_ hold: UInt64) -> HoldNumber {
        HoldNumber(org: OrgNumber(org), serial: hold)
    }

    /// Books usage and gives where it was taken from as `grant:amount` in order; else the outcome.
    @discardableResult
    func debit(
        _ charge: String,
        hold: UInt64 = 0,
        project: UInt32 = 0,
        key: UInt32 = 0,
        identity: UInt128 = 0,
        content: UInt64 = 0
    ) -> String {
        var usage = UsageChange()
        usage.org = org
        usage.project = project
        usage.key = key
        usage.charge = credits(charge)
        usage.hold = hold
        usage.identity = identity
        usage.content = content
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        let outcome = book.debit(&usage, id: nothing, session: nothing, at: now, into: buffer)
        guard outcome == .booked else { return "\(outcome)" }
        return (0..<usage.draws.count)
            .map { "\(usage.draws[$0].grant):\(usage.draws[$0].amount)" }
            .joined(separator: " ")
    }

    @discardableResult
    func cap(
        _ scope: Scope,
        _ id: UInt32,
        _ period: CapPeriod,
        _ amount: String?
    ) -> CommandOutcome {
        let cap = CapChanged(scope: scope, id: id, period: period, amount: amount.map(credits))
        return book.setCap(cap, org: org, at: now, into: buffer)
    }

    /// Caps the organisation.
    @discardableResult
    func cap(_ period: CapPeriod, _ amount: String?) -> CommandOutcome {
        cap(.organisation, 0, period, amount)
    }

    func key(project: UInt32 = 0) {
        let key = KeyCreated(
            key: 0,
            project: project,
            name: "key",
            prefix: "mk_",
            hash: SecretHash(low: 1, high: 2)
        )
        #expect(book.createKey(key, org: org, at: now, into: buffer) == .done)
    }

    func project() {
        #expect(book.createProject("project", org: org, at: now, into: buffer) == .done)
    }

    /// The notices since the last call, in words: "cutoff organisation 0: insufficient_credits".
    func notices() -> [String] {
        book.takeNotices().map { notice in
            let subject = "\(notice.scope) \(notice.id)"
            if notice.reasons.isEmpty { return "restored \(subject)" }
            return "cutoff \(subject): \(notice.reasons.words.joined(separator: ", "))"
        }
    }

    /// A fresh book that replayed every record of this one.
    func replayed() -> AccountBook {
        replay(buffer.bytes)
    }

    /// Fails unless a fresh book that replays the records comes to the same state.
    func expectReplayAgrees(sourceLocation: SourceLocation = #_sourceLocation) {
        let again = replayed()
        #expect(again.digest == book.digest, sourceLocation: sourceLocation)
        #expect(again.all == book.all, sourceLocation: sourceLocation)
    }
}

/// Applies whole records to a book of partition 1, or to the one given.
@discardableResult
func replay(
    _ bytes: UnsafeRawBufferPointer,
    into book: AccountBook = AccountBook(partition: 1, calendar: FixedOffsetCalendar())
) -> AccountBook {
    var walker = RecordWalker(bytes)
    while let (kind, record) = walker.next() {
        #expect(book.replay(kind: kind, record: record))
    }
    #expect(walker.position == bytes.count)
    return book
}

extension Authorization {
    /// In a word: "granted 5", "granted 5 of less" when incomplete, or the reason and its limit.
    var word: String {
        switch self {
        case .granted(let granted):
            return "granted \(granted.amount)" + (granted.complete ? "" : " final")
        case .refused(let reason, nil):
            return "\(reason)"
        case .refused(let reason, .some(let limit)):
            let period = limit.period.map { " \($0)" } ?? ""
            return "\(reason) \(limit.scope) \(limit.id)\(period)"
        }
    }
}
