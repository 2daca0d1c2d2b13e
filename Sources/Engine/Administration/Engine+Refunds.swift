import Accounting
import PostgresStore
import Quantities
import Rating

extension Engine {
    /// Gives the charge of an operation back, or a part of it, to where it was drawn from.
    ///
    /// What the charge was drawn from is PostgreSQL's to say, and what was given back of it before.
    /// The book decides on that and on what it has journaled since.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - request: Which operation, how much, who and why.
    /// - Returns: What was given back, now or by the same call before.
    /// - Throws: `AdministrationError`.
    public func refund(
        organisation: String,
        request: RefundRequest
    ) async throws(AdministrationError) -> RefundReceipt {
        let org = try number(organisation)
        try request.check()
        try checkHealth()
        if case .purchase(let grant) = request.target {
            guard pricing.current.offer.refunds.unusedPurchased else {
                throw .notRefundable(
                    code: "refund_not_offered",
                    message: "Purchases are not taken back: the offer has refunds.unused_purchased "
                        + "set to false."
                )
            }
            return try await returnPurchase(organisation, org, grant, request)
        }
        guard rerateDesk.beginRefund() else { throw RerateRules.refundsWait }
        defer { rerateDesk.endRefund() }
        if !rerateDesk.isStored {
            try await waitForStore()
            rerateDesk.noteStored()
        }
        for _ in 0..<10 {
            var charge = try await charge(request.target, organisation, org)
            try await correct(&charge, org)
            let outcome = await refund(org, charge, request)
            // Somebody read later and was faster: what was read here is too old to decide on.
            if outcome == .stale { continue }
            return try await receipt(outcome, organisation, org, request)
        }
        throw .overloaded(reason: "Too many refunds of \(organisation) run at once.")
    }

    /// Gives a charge back of which is known what PostgreSQL says.
    package func refund(
        _ org: UInt32,
        _ charge: StoredCharge,
        _ request: RefundRequest
    ) async -> RefundOutcome {
        await change(org) { book, now, buffer in
            book.refund(charge, request.call(org: org), org: org, at: now, into: buffer)
        }
    }

    /// Takes back what is left of a purchase, whatever the offer says.
    package func returnPurchase(
        _ org: UInt32,
        _ grant: GrantNumber,
        _ request: RefundRequest
    ) async -> RefundOutcome {
        await change(org) { book, now, buffer in
            book.returnPurchase(grant, request.call(org: org), org: org, at: now, into: buffer)
        }
    }

    private func returnPurchase(
        _ organisation: String,
        _ org: UInt32,
        _ grant: GrantNumber,
        _ request: RefundRequest
    ) async throws(AdministrationError) -> RefundReceipt {
        let outcome = await returnPurchase(org, grant, request)
        return try await receipt(outcome, organisation, org, request)
    }

    /// Looks a charge up; when it is not there, once more when PostgreSQL has caught up.
    private func charge(
        _ target: RefundTarget,
        _ organisation: String,
        _ org: UInt32
    ) async throws(AdministrationError) -> StoredCharge {
        let name: ChargeName
        let what: String
        switch target {
        case .line(let line):
            name = .line(line)
            what = "line \(line)"
        case .request(let id, let day):
            name = .request(id, day ?? time.now().utcDay)
            what = "request \(id)"
        case .purchase: invariantBroken("a purchase is no charge")
        }
        for attempt in 0..<2 {
            let finding = try await reader.ask { reader throws(StoreError) in
                try reader.charge(name, org: OrgNumber(org))
            }
            switch finding {
            case .found(let charge): return charge
            case .notUsage:
                throw .notRefundable(
                    code: "not_a_charge",
                    message: "The ledger's \(what) of \(organisation) is no charge of an operation."
                )
            case .several(let lines):
                let list = lines.map { "\($0)" }.joined(separator: ", ")
                throw .invalid(
                    field: "request_id",
                    message: "lines \(list) have this id. Name the line."
                )
            case .none:
                if attempt == 0 { try await waitForStore() }
            }
        }
        throw .notFound(what: "charge", name: what)
    }

    /// Finds what a re-rating has given back of a charge: its card tells what it left of it.
    private func correct(
        _ charge: inout StoredCharge,
        _ org: UInt32
    ) async throws(AdministrationError) {
        let line = charge.line
        guard charge.corrected.isZero else { return }
        let found = try await reader.ask { reader throws(StoreError) in
            let found = try reader.correction(ofLine: line, org: OrgNumber(org))
            let card = try found.map { found throws(StoreError) in
                try reader.card(ofRerate: found.rerate)
            }
            return found.map { (correction: $0, card: card ?? nil) }
        }
        guard let found else { return }
        let rerate = found.correction.rerate
        guard let text = found.card else {
            throw .notRefundable(
                code: "correction_unknown",
                message: "It was corrected by the re-rating \"\(rerate)\", whose card is not kept. "
                    + "Undo that, or give a grant."
            )
        }
        var rerating = Rerating(try RerateCard(text), names: names, prices: [:])
        guard let owed = rerating.charge(found.correction.line), owed < charge.amount else {
            return
        }
        charge.corrected = charge.amount - owed
        charge.rerate = rerate
    }

    private func receipt(
        _ outcome: RefundOutcome,
        _ organisation: String,
        _ org: UInt32,
        _ request: RefundRequest
    ) async throws(AdministrationError) -> RefundReceipt {
        switch outcome {
        case .refunded(let body):
            return RefundReceipt(
                refund: body.refund,
                repeated: false,
                amount: body.amount,
                debtPaid: body.debtPaid,
                parts: body.parts.map { Draw(grant: $0.grant, amount: $0.amount) },
                line: body.line,
                wallet: try await self.organisation(name: organisation).wallet
            )
        case .returned(let body):
            return RefundReceipt(
                refund: body.refund,
                repeated: false,
                amount: body.amount,
                grant: body.grant,
                wallet: try await self.organisation(name: organisation).wallet
            )
        case .repeated(let number): return try await repeated(number, organisation, org)
        case .conflict: throw .idempotencyConflict(key: request.idempotencyKey)
        case .accountClosed: throw .accountClosed(name: organisation)
        case .unknown: throw .notFound(what: "organisation", name: organisation)
        case .exceeds(let left): throw Engine.exceeds(left, request)
        case .notPurchased:
            throw .notRefundable(
                code: "not_a_purchase",
                message: "The grant is none that was purchased and has something left."
            )
        case .stale, .tooMany:
            throw .overloaded(reason: "Too many refunds wait for PostgreSQL.")
        case .invalid(let field, let message): throw .invalid(field: field, message: message)
        }
    }

    private static func exceeds(_ left: Amount, _ request: RefundRequest) -> AdministrationError {
        if left.isZero {
            return .notRefundable(
                code: "nothing_left",
                message: "Nothing is left of it that could go back."
            )
        }
        let asked = request.amount.map { "\($0) was asked for, and only" } ?? "Only"
        return .notRefundable(
            code: "refund_exceeds",
            message: "\(asked) \(left) is left of it that could go back."
        )
    }

    private func repeated(
        _ number: RefundNumber,
        _ organisation: String,
        _ org: UInt32
    ) async throws(AdministrationError) -> RefundReceipt {
        let wallet = try await self.organisation(name: organisation).wallet
        let found = try await reader.ask { reader throws(StoreError) in
            try reader.refund(number, org: OrgNumber(org))
        }
        return RefundReceipt(
            refund: number,
            repeated: true,
            amount: found?.amount,
            debtPaid: found?.debtPaid ?? .zero,
            line: found?.line,
            grant: found?.grant,
            wallet: wallet
        )
    }

    /// The ledger's balance at a moment.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - moment: When; not in the future.
    /// - Returns: The balance then.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    public func balance(
        organisation: String,
        at moment: Timestamp
    ) async throws(AdministrationError) -> BalanceInfo {
        let org = try number(organisation)
        let now = time.now()
        guard moment <= now else {
            throw .invalid(field: "at", message: "\(moment) is in the future; it is \(now).")
        }
        // What is due and decided by now is written first, so that the answer does not change.
        _ = await change(org) { book, now, buffer in
            book.bringUp(org, to: now, into: buffer)
            return true
        }
        try await waitForStore()
        let found = try await reader.ask { reader throws(StoreError) in
            try reader.balance(org: OrgNumber(org), at: moment)
        }
        return BalanceInfo(
            at: moment,
            posted: found.balance,
            line: found.line,
            lineAt: found.appliedAt
        )
    }
}
