import Accounting
import Quantities

@testable import PostgresStore

/// Drives a journal and the naive ledger side by side with random changes that make sense.
struct RandomHistory {
    var generator: SplitMix
    var ledger = NaiveLedger()
    var now = Journal.noon
    let journal = Journal()
    var sequences: [UInt32: SequenceSet] = [:]
    /// Alerts that concern all, and the last of them that has not recovered.
    var common: (count: UInt64, open: UInt64?) = (0, nil)
    var orgs: UInt32 = 0

    init(seed: UInt64) {
        generator = SplitMix(seed: seed)
    }

    mutating func step() {
        now = now.advanced(byMicroseconds: Int64(generator.below(400_000_000)))
        if orgs == 0 || (orgs < 12 && generator.below(20) == 0) { return create() }
        let org = UInt32(1 + generator.below(Int(orgs)))
        guard var account = ledger.accounts[org], !account.snapshot.closed else { return }
        turnDay(org, &account)
        switch generator.below(34) {
        case 0: addProject(org, &account)
        case 1: addKey(org, &account)
        case 2: changeKey(org, &account)
        case 3, 4: issue(org, &account)
        case 5: activate(org, &account)
        case 6: expire(org, &account)
        case 7, 8, 9: place(org, &account)
        case 10: extend(org, &account)
        case 11: release(org, &account)
        case 12: cap(org, &account)
        case 13: if generator.below(8) == 0 { close(org, &account) }
        case 14: skip()
        case 15: changePlan(org, &account)
        case 16: changeBilling(org, &account)
        case 17: refund(org, &account)
        case 18: takeBack(org, &account)
        case 19: alert(org, &account)
        case 20: correct(org, &account)
        default: use(org, &account)
        }
        ledger.accounts[org] = account
    }

    mutating func amount() -> Amount {
        let shift = UInt64(generator.below(60))
        return Amount(units: Int128(1 + generator.next() >> (4 + shift)))
    }

    private mutating func skip() {
        let producer = UInt32(1 + generator.below(3))
        let sequence = UInt64(1 + generator.below(5000))
        let body = SequenceSkipped(producer: producer, sequence: sequence)
        journal.write(.sequenceSkipped(body), at: now)
        sequences[producer, default: SequenceSet()].insert(sequence)
    }

    private mutating func use(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        var usage = Journal.usage(org, .zero, at: now)
        usage.charge = generator.below(10) == 0 ? .zero : amount()
        usage.model = UInt32(1 + generator.below(3))
        usage.project = UInt32(generator.below(account.snapshot.projects.count + 1))
        usage.key = UInt32(generator.below(account.snapshot.keys.count + 1))
        usage.failed = generator.below(5) == 0
        usage.cacheHit = generator.below(5) == 0
        usage.tokens.input = UInt32(truncatingIfNeeded: generator.next())
        usage.latencyMilliseconds = UInt32(truncatingIfNeeded: generator.next())
        if generator.below(2) == 0 {
            usage.producer = UInt32(1 + generator.below(3))
            usage.sequence = UInt64(1 + generator.below(5000))
            sequences[usage.producer, default: SequenceSet()].insert(usage.sequence)
        } else {
            usage.identity = UInt128(generator.next()) << 64 | 5
            usage.content = generator.next()
        }
        if !account.snapshot.holds.isEmpty, generator.below(2) == 0 {
            let index = generator.below(account.snapshot.holds.count)
            usage.hold = account.snapshot.holds.remove(at: index).placed.hold
        }
        usage.draws = draws(for: usage.charge, &account)
        journal.write(usage, id: "request \(generator.below(100))", session: "s")
        account.book(.usage, -usage.charge)
        if usage.charge.isPositive {
            account.debits.append((account.snapshot.lines, usage.draws))
        }
        account.lastModel = usage.model
        account.charges.append((usage.day, usage.project, usage.key, usage.charge))
    }

    /// Corrects requests that have been booked, up or down.
    private mutating func correct(_ org: UInt32, _ account: inout NaiveLedger.Account) {
        guard let charge = account.charges.last else { return }
        var body = Rerated(
            rerate: "r-\(journal.buffer.count)",
            day: charge.day,
            project: charge.project,
            key: charge.key,
            model: account.lastModel,
            requests: 1,
            amount: amount(),
            note: "n"
        )
        if generator.below(2) == 0 {
            body.draws = draws(for: body.amount, &account)
        } else {
            let back = body.amount
            body.amount = -back
            account.snapshot.lastGrant += 1
            body.grant = account.snapshot.lastGrant
            body.debtPaid = min(account.snapshot.debt, back)
            account.snapshot.debt -= body.debtPaid
            var issued = Journal.grant(body.grant, back, grantClass: .adjustment)
            issued.priority = 20
            issued.effectiveAt = now
            issued.reference = body.rerate
            issued.note = "n"
            account.snapshot.grants.append(
                GrantSnapshot(
                    issued: issued,
                    issuedAt: now,
                    active: true,
                    expired: false,
                    remaining: back - body.debtPaid
                )
            )
        }
        account.book(.correction, -body.amount)
        journal.write(.rerated(body), org: org, at: now)
    }

    /// Takes from the grants by number; what they do not have becomes debt.
    func draws(for charge: Amount, _ account: inout NaiveLedger.Account) -> Draws {
        var draws = Draws()
        var left = charge
        for index in account.snapshot.grants.indices
        where account.snapshot.grants[index].active && left.isPositive {
            let part = min(left, account.snapshot.grants[index].remaining)
            guard part.isPositive else { continue }
            account.snapshot.grants[index].remaining -= part
            let grant = account.snapshot.grants[index].issued.grant
            draws.append(Draw(grant: grant, amount: part))
            left -= part
        }
        if left.isPositive {
            account.snapshot.debt += left
            draws.append(Draw(grant: 0, amount: left))
        }
        return draws
    }
}
