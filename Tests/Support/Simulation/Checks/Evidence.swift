import Accounting
import Quantities

/// What the journal says has happened, for holding it against what clients were told.
///
/// Invariants: a sequence of a producer, and an identity within its window, is booked once; this is
/// noted when it is not.
final class Evidence {
    /// A producer's name and one of its sequences.
    struct SequenceKey: Hashable {
        var producer: String
        var sequence: UInt64
    }

    /// A usage record, as far as a client can know it.
    struct Booking {
        var position: UInt64
        var org: UInt32
        var id: String
        var tokens: TokenCounts
        var hold: UInt64
        var appliedAt: Timestamp
    }

    struct HoldKey: Hashable {
        var org: UInt32
        var serial: UInt64
    }

    struct GrantKey: Hashable {
        var org: UInt32
        var grant: UInt32
    }

    struct PurchaseKey: Hashable {
        var org: UInt32
        var purchase: UInt32
    }

    struct PaymentKey: Hashable {
        var org: UInt32
        var payment: String
    }

    struct OrderKey: Hashable {
        var org: UInt32
        var number: UInt32
    }

    private enum Entry {
        case booked(SequenceKey)
        case identified(String, UInt128, Booking?)
        case skipped(SequenceKey)
        case named(UInt32, String?)
        case held(HoldKey)
        case granted(GrantKey, UInt128)
        case refunded(GrantKey)
        case asked(PurchaseKey)
        case paid(PaymentKey)
        case created(String)
        case ordered(OrderKey)
    }

    private var log: [(position: UInt64, entry: Entry)] = []
    private var names: [UInt32: String] = [:]
    private(set) var bookings: [SequenceKey: Booking] = [:]
    private(set) var skips: [SequenceKey: UInt64] = [:]
    private(set) var identified: [String: Booking] = [:]
    private var identities: [UInt128: Timestamp] = [:]
    private(set) var holds: [HoldKey: UInt64] = [:]
    private(set) var grants: [GrantKey: (position: UInt64, amount: Amount)] = [:]
    private var grantIdentities: Set<UInt128> = []
    /// What was given or taken back, by the refund's number.
    private(set) var refunds: [GrantKey: (position: UInt64, amount: Amount)] = [:]
    private(set) var purchases: [PurchaseKey: UInt64] = [:]
    private(set) var payments: [PaymentKey: (position: UInt64, purchase: UInt32)] = [:]
    private(set) var organisations: [String: UInt64] = [:]
    /// What machines were told, where it was told first.
    private(set) var orders: [OrderKey: (position: UInt64, deployment: String)] = [:]

    /// The last record of each organisation that may end a cutoff.
    private(set) var easings: [UInt32: UInt64] = [:]

    /// The end of the last block that was taken in.
    private(set) var end: UInt64 = 0
    private(set) var usage = 0
    private(set) var violation: Violation?

    private static let window: Int64 = 24 * 3_600_000_000

    /// Takes in a block's records.
    func append(_ block: UnsafeRawBufferPointer, end position: UInt64) {
        end = position
        var walker = RecordWalker(block)
        while let (kind, record) = walker.next() {
            if kind == .usage {
                takeUsage(record, position)
            } else if let change = Change.decode(record) {
                take(change, position)
            } else {
                note("unreadable-record", "a record of kind \(kind) at \(position)")
            }
        }
    }

    private func takeUsage(_ record: UnsafeRawBufferPointer, _ position: UInt64) {
        guard let (usage, id, _) = UsageChange.decode(record) else {
            return note("unreadable-record", "a usage record at \(position)")
        }
        self.usage += 1
        let booking = Booking(
            position: position,
            org: usage.org,
            id: String(decoding: record[id], as: UTF8.self),
            tokens: usage.tokens,
            hold: usage.hold,
            appliedAt: usage.appliedAt
        )
        if usage.sequence > 0 {
            let key = SequenceKey(producer: names[usage.producer] ?? "?", sequence: usage.sequence)
            if bookings[key] != nil || skips[key] != nil {
                note("booked-twice", "\(key.producer) #\(key.sequence) at \(position)")
            }
            bookings[key] = booking
            log.append((position, .booked(key)))
        } else {
            if let before = identities[usage.identity],
                usage.appliedAt.microseconds - before.microseconds < Evidence.window
            {
                note("booked-twice", "id \(booking.id) at \(position)")
            }
            identities[usage.identity] = usage.appliedAt
            log.append((position, .identified(booking.id, usage.identity, identified[booking.id])))
            identified[booking.id] = booking
        }
    }

    private func take(_ change: Change, _ position: UInt64) {
        switch change.body {
        case .grantIssued, .grantActivated, .capChanged, .dayTurned, .planChanged, .couponRedeemed,
            .billingChanged, .operationRefunded, .purchaseConfirmed, .rerated:
            easings[change.org] = position
        default: break
        }
        switch change.body {
        case .nameDeclared(let name) where name.kind == .producer:
            log.append((position, .named(name.number, names[name.number])))
            names[name.number] = name.name
        case .sequenceSkipped(let skip):
            let key = SequenceKey(producer: names[skip.producer] ?? "?", sequence: skip.sequence)
            if bookings[key] != nil { note("booked-and-skipped", "\(key)") }
            guard skips[key] == nil else { return }
            skips[key] = position
            log.append((position, .skipped(key)))
        case .holdPlaced(let hold):
            let key = HoldKey(org: change.org, serial: hold.hold)
            if holds[key] != nil { note("hold-twice", "\(key)") }
            holds[key] = position
            log.append((position, .held(key)))
        case .grantIssued(let grant):
            let key = GrantKey(org: change.org, grant: grant.grant)
            if grants[key] != nil || grantIdentities.contains(grant.identity) {
                note("granted-twice", "\(key)")
            }
            grants[key] = (position, grant.amount)
            grantIdentities.insert(grant.identity)
            log.append((position, .granted(key, grant.identity)))
        case .operationRefunded(let body): take(body.refund, body.amount, change.org, position)
        case .purchaseReturned(let body): take(body.refund, body.amount, change.org, position)
        case .purchaseAsked(let purchase):
            let key = PurchaseKey(org: change.org, purchase: purchase.purchase)
            if purchases[key] != nil { note("asked-twice", "\(key)") }
            purchases[key] = position
            log.append((position, .asked(key)))
        case .purchaseConfirmed(let body):
            let key = PaymentKey(org: change.org, payment: body.payment)
            if payments[key] != nil { note("paid-twice", "\(key)") }
            payments[key] = (position, body.purchase)
            log.append((position, .paid(key)))
        case .organisationCreated(let organisation):
            if organisations[organisation.name] != nil {
                note("created-twice", organisation.name)
            }
            organisations[organisation.name] = position
            log.append((position, .created(organisation.name)))
        case .machineChanged(let body):
            guard let order = body.deployment.order else { return }
            let key = OrderKey(org: change.org, number: order.number)
            guard orders[key] == nil else { return }
            orders[key] = (position, body.deployment.name)
            log.append((position, .ordered(key)))
        default: break
        }
    }

    private func take(
        _ refund: RefundNumber,
        _ amount: Amount,
        _ org: UInt32,
        _ position: UInt64
    ) {
        let key = GrantKey(org: org, grant: refund)
        if refunds[key] != nil { note("refunded-twice", "\(key)") }
        refunds[key] = (position, amount)
        log.append((position, .refunded(key)))
    }

    /// Forgets what a crash has taken.
    func truncate(to position: UInt64) {
        while let last = log.last, last.position > position {
            log.removeLast()
            switch last.entry {
            case .booked(let key): bookings[key] = nil
            case .identified(let id, let identity, let before):
                identified[id] = before
                identities[identity] = before?.appliedAt
            case .skipped(let key): skips[key] = nil
            case .named(let number, let before): names[number] = before
            case .held(let key): holds[key] = nil
            case .granted(let key, let identity):
                grants[key] = nil
                grantIdentities.remove(identity)
            case .refunded(let key): refunds[key] = nil
            case .asked(let key): purchases[key] = nil
            case .paid(let key): payments[key] = nil
            case .created(let name): organisations[name] = nil
            case .ordered(let key): orders[key] = nil
            }
        }
        end = min(end, position)
    }

    /// Takes in again what lies behind a block's end.
    func rewind(to position: UInt64) {
        end = min(end, position)
    }

    private func note(_ invariant: String, _ text: String) {
        if violation == nil { violation = Violation(invariant, text) }
    }
}

/// A promise that was broken.
package struct Violation: Error, CustomStringConvertible {
    /// Which, in one word.
    package let invariant: String
    /// What was seen.
    package let text: String

    init(_ invariant: String, _ text: String) {
        self.invariant = invariant
        self.text = text
    }

    package var description: String { "invariant=\(invariant) \(text)" }
}
