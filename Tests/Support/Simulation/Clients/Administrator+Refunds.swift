import Accounting
import Engine
import PostgresStore
import Quantities
import SimulatedBooks

extension Administrator {
    /// What the database says of the charge that a call is about, at this moment.
    func charge(_ call: AdministrativeCall) -> StoredCharge? {
        guard case .refund(let organisation, let request) = call,
            case .line(let line) = request.target,
            let number = world.engine?.number(ofOrganisation: organisation)
        else { return nil }
        return world.database.books.organisations[number]?.charge(line)
    }

    static func refund(
        _ organisation: String,
        _ request: RefundRequest,
        _ charge: StoredCharge?,
        _ engine: Engine
    ) async -> RefundOutcome {
        guard let number = engine.number(ofOrganisation: organisation) else { return .unknown }
        if case .purchase(let grant) = request.target {
            return await engine.returnPurchase(number, grant, request)
        }
        guard let charge else { return .unknown }
        return await engine.refund(number, charge, request)
    }

    func check(_ outcome: RefundOutcome, _ organisation: String) throws(Violation) {
        switch outcome {
        case .refunded(let body): try expectBooked(body.refund, body.amount, organisation)
        case .returned(let body): try expectBooked(body.refund, body.amount, organisation)
        case .repeated, .exceeds, .stale, .notPurchased: break
        case .accountClosed where world.isClosing(organisation): break
        default: throw Violation("refund", "\(organisation) was answered \(outcome)")
        }
    }

    private func expectBooked(
        _ refund: RefundNumber,
        _ amount: Amount,
        _ organisation: String
    ) throws(Violation) {
        guard let number = world.engine?.number(ofOrganisation: organisation) else {
            throw Violation("organisation-lost", organisation)
        }
        let key = Evidence.GrantKey(org: number, grant: refund)
        try expectDurable(world.evidence.refunds[key]?.position, "refund \(key)")
        guard world.evidence.refunds[key]?.amount == amount else {
            throw Violation("refunded-otherwise", "\(key) of \(amount)")
        }
    }

    /// A charge that is stored, or a grant, is to go back; sometimes more than there was.
    func refund(_ account: Account) -> AdministrativeCall {
        var target = RefundTarget.purchase(UInt32(1 + world.roll(4)))
        if let number = world.engine?.number(ofOrganisation: account.name),
            let lines = world.database.books.organisations[number]?.lines, !lines.isEmpty,
            world.roll(4) > 0
        {
            let usage = lines.suffix(50).filter { $0.kind == .usage && $0.amount.isNegative }
            if !usage.isEmpty { target = .line(usage[world.roll(usage.count)].line) }
        }
        let amount = Amount(units: Int128(1 + world.roll(20)) * 100_000_000)
        return .refund(
            organisation: account.name,
            request: RefundRequest(
                target: target,
                amount: world.roll(2) == 0 ? nil : amount,
                reason: "it failed",
                actor: name,
                idempotencyKey: "\(name)-refund-\(calls)"
            )
        )
    }

    func alerts(_ account: Account) -> AdministrativeCall {
        let amounts = (0..<world.roll(3)).map { _ in
            Amount(units: Int128(1 + world.roll(60)) * 1_000_000_000)
        }
        let percents = (0..<world.roll(3)).map { _ in UInt8(1 + world.roll(100)) }
        let rules = AlertRules(
            lowBalance: amounts,
            capPercents: percents,
            daily: world.roll(2) == 0,
            weekly: world.roll(2) == 0
        )
        return .alerts(organisation: account.name, rules: world.roll(4) == 0 ? nil : rules)
    }
}
