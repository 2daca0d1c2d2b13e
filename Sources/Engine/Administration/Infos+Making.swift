import Accounting
import Quantities
import Rating

extension OrganisationInfo {
    /// An organisation as its book and the directory have it.
    init?(org: UInt32, book: AccountBook, directory: Directory) {
        guard let state = book.organisation(org), let entry = directory.entry(org) else {
            return nil
        }
        self.init(
            number: org,
            name: entry.name,
            zone: book.zone(of: state),
            closed: state.closed,
            cutoffReasons: state.cutoffs.words,
            wallet: WalletInfo(
                posted: state.posted,
                held: state.held,
                available: state.available,
                debt: state.debt,
                lines: state.lines
            ),
            spend: SpendInfo(
                date: state.today.day,
                day: state.spend.day,
                week: state.spend.week,
                month: state.spend.month,
                total: state.spend.total
            ),
            projects: entry.projects.enumerated().map { index, name in
                ProjectInfo(number: UInt32(index + 1), name: name)
            },
            keys: entry.keys.indices.map { KeyInfo(UInt32($0 + 1), entry) },
            grants: state.grants.map { GrantInfo($0) },
            caps: state.caps.map { CapInfo($0, state, entry, book) },
            openHolds: Int(state.openHolds)
        )
    }
}

extension GrantInfo {
    init(_ grant: Grant) {
        self.init(
            number: grant.number,
            grantClass: grant.grantClass,
            remaining: grant.remaining,
            held: min(grant.held, grant.remaining),
            priority: grant.priority,
            effectiveAt: grant.effectiveAt,
            expiresAt: grant.expiresAt,
            active: grant.active
        )
    }
}

extension CapInfo {
    init(_ cap: Cap, _ state: Organisation, _ entry: Directory.Entry, _ book: AccountBook) {
        let index = Int(cap.id) - 1
        let target: CapTarget =
            switch cap.scope {
            case .organisation: .organisation
            case .project: .project(entry.projects[index])
            case .key: .key(entry.keys[index].name)
            }
        let (spend, held) = state.counted(for: cap.scope, id: cap.id)
        self.init(
            target: target,
            period: cap.period,
            amount: cap.amount,
            spent: spend.amount(in: cap.period),
            held: held,
            resetsAt: book.windowEnd(of: state.number, cap.period)
        )
    }
}

extension GrantRequest {
    /// Finds what is wrong with a request before it goes anywhere.
    func check() throws(AdministrationError) {
        guard amount.isPositive else {
            throw .invalid(field: "amount", message: "\(amount) is not above zero.")
        }
        guard (1...255).contains(idempotencyKey.utf8.count) else {
            throw .invalid(
                field: "idempotency_key",
                message: "\"\(idempotencyKey)\" is not 1 to 255 bytes long."
            )
        }
        guard grantClass == .purchased || grantClass == .promotional else {
            throw .invalid(
                field: "class",
                message: "\(grantClass) is not purchased or promotional."
            )
        }
        guard reference.utf8.count <= 255, note.utf8.count <= 1024 else {
            throw .invalid(
                field: reference.utf8.count > 255 ? "reference" : "note",
                message: "it is longer than 255 (reference) or 1024 (note) bytes."
            )
        }
    }

    /// The grant as the book takes it.
    ///
    /// - Returns: The grant with its expiry, and the latest that its class may have.
    func issued(
        _ defaults: ClassDefaults,
        org: UInt32,
        book: AccountBook,
        now: Timestamp
    ) -> (issued: GrantIssued, expiresAt: Timestamp, latest: Timestamp) {
        let dates = GrantDates.expiry(
            expiresAt,
            defaults,
            from: effectiveAt ?? now,
            org: org,
            book: book,
            now: now
        )
        var identity = StateDigest()
        identity.combine(UInt64(org))
        identity.combine(bytes: idempotencyKey.utf8)
        var content = StateDigest()
        content.combine(amount)
        content.combine(UInt64(grantClass.rawValue))
        content.combine(effectiveAt?.microseconds ?? Int64.min)
        content.combine(expiresAt?.microseconds ?? Int64.max)
        content.combine(Int64(priority ?? Int32.min))
        content.combine(bytes: reference.utf8)
        content.combine(bytes: note.utf8)
        let issued = GrantIssued(
            grant: 0,
            grantClass: grantClass,
            amount: amount,
            priority: priority ?? defaults.priority ?? grantClass.standardPriority,
            effectiveAt: effectiveAt ?? now,
            expiresAt: dates.expiry,
            active: false,
            debtPaid: .zero,
            identity: identity.value,
            content: UInt64(truncatingIfNeeded: content.value),
            reference: reference,
            note: note
        )
        return (issued, dates.expiry, dates.latest)
    }
}
