import Accounting
import Quantities

@testable import PostgresStore

/// Makes journal blocks as the shards do.
final class Journal {
    let buffer = RecordBuffer()
    static let noon = Timestamp(microseconds: 1_772_366_400_000_000)
    static let today = zoned(noon.utcDay)

    static func zoned(_ day: CivilDay) -> ZonedDay {
        ZonedDay(day: day, start: day.utcStart, end: day.advanced(by: 1).utcStart)
    }

    func write(_ body: Change.Body, org: UInt32 = 0, at: Timestamp = noon) {
        Change(appliedAt: at, org: org, body: body).encode(into: buffer)
    }

    func write(_ usage: UsageChange, id: String = "request", session: String = "") {
        Array(id.utf8).withUnsafeBytes { id in
            Array(session.utf8).withUnsafeBytes { session in
                usage.encode(into: buffer, id: id, session: session)
            }
        }
    }

    func create(_ org: UInt32, name: String? = nil, at: Timestamp = noon) {
        let body = OrganisationCreated(
            name: name ?? "org-\(org)",
            zone: "UTC",
            today: Journal.zoned(at.utcDay)
        )
        write(.organisationCreated(body), org: org, at: at)
    }

    func grant(_ org: UInt32, _ number: UInt32, _ amount: Amount, at: Timestamp = noon) {
        write(.grantIssued(Journal.grant(number, amount)), org: org, at: at)
    }

    static func grant(
        _ number: UInt32,
        _ amount: Amount,
        grantClass: GrantClass = .purchased,
        active: Bool = true,
        debtPaid: Amount = .zero
    ) -> GrantIssued {
        GrantIssued(
            grant: number,
            grantClass: grantClass,
            amount: amount,
            priority: 10,
            effectiveAt: .epoch,
            expiresAt: .never,
            active: active,
            debtPaid: debtPaid,
            identity: 0,
            content: 0,
            reference: "ref-\(number)",
            note: "note"
        )
    }

    /// A request that takes its charge from one grant.
    static func usage(
        _ org: UInt32,
        _ charge: Amount,
        grant: UInt32 = 1,
        at: Timestamp = noon
    ) -> UsageChange {
        var usage = UsageChange()
        usage.appliedAt = at
        usage.at = at.advanced(byMicroseconds: -1500)
        usage.org = org
        usage.model = 1
        usage.price = 1
        usage.tokens = TokenCounts(input: 100, cacheRead: 10, output: 20, reasoning: 5)
        usage.day = at.utcDay
        usage.charge = charge
        if !charge.isZero { usage.draws.append(Draw(grant: grant, amount: charge)) }
        return usage
    }

    /// Hands all records over to a batch and begins anew.
    func move(to batch: BatchBuilder) throws {
        try batch.add(block: buffer.bytes)
        buffer.removeAll()
    }
}

/// A small generator, so that a seed gives the same run everywhere.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func below(_ limit: Int) -> Int {
        Int(next() % UInt64(limit))
    }
}
