import Accounting
import Quantities
import Rating
import Rings
import SettingsFiles

extension Engine: Administration {
    /// Opens an organisation with an empty wallet, and sets its plan in the same step: there is
    /// never one without the plan that was asked for.
    ///
    /// - Parameters:
    ///   - name: Unique; 1 to 64 of a-z, A-Z, 0-9, `.`, `_`, `-`.
    ///   - zone: IANA time zone, or nil for the configured default.
    ///   - plan: A plan of the system's file, or nil for none.
    /// - Returns: The organisation as it is now.
    /// - Throws: `AdministrationError` when the name is taken, or zone or plan are unknown.
    public func createOrganisation(
        name: String,
        zone: String?,
        plan: String?
    ) async throws(AdministrationError) -> OrganisationInfo {
        try NameRule.check(name, field: "name")
        var terms: PlanTerms?
        if let plan { terms = try planTerms(plan) }
        let asked = terms
        try checkHealth()
        guard let number = directory.reserve(name) else {
            throw .exists(what: "organisation", name: name)
        }
        let zone = zone ?? settings.accounts.defaultTimeZone
        let outcome = await change(number) { book, now, buffer in
            let made = book.createOrganisation(
                number,
                name: name,
                zone: zone,
                at: now,
                into: buffer
            )
            guard made == .done, let asked else { return made }
            let set = book.setPlan(asked, .now, org: number, at: now, into: buffer)
            invariant(set == .done, "a new account takes any plan")
            return made
        }
        do throws(AdministrationError) {
            try check(outcome, what: "organisation", name: name)
        } catch {
            directory.unreserve(name)
            throw error
        }
        return try await organisation(name: name)
    }

    /// Closes an organisation: what is left is forfeited, everything after is refused.
    ///
    /// - Parameters:
    ///   - name: The organisation.
    ///   - reason: Why, for the books.
    /// - Returns: The organisation as it is now.
    /// - Throws: `AdministrationError` when it is unknown.
    public func closeOrganisation(
        name: String,
        reason: String
    ) async throws(AdministrationError) -> OrganisationInfo {
        let org = try number(name)
        guard reason.utf8.count <= 1024 else {
            throw .invalid(field: "reason", message: "it is longer than 1024 bytes.")
        }
        try checkHealth()
        let outcome = await change(org) { book, now, buffer in
            book.closeOrganisation(org, reason: reason, at: now, into: buffer)
        }
        try check(outcome, what: "organisation", name: name)
        return try await organisation(name: name)
    }

    /// One organisation as memory has it now.
    ///
    /// - Parameter name: The organisation.
    /// - Returns: The organisation as it is now.
    /// - Throws: `AdministrationError` when it is unknown.
    public func organisation(
        name: String
    ) async throws(AdministrationError) -> OrganisationInfo {
        let org = try number(name)
        let directory = self.directory
        let credit = pricing.current.offer.credit
        let found = await look(org) { book, now, buffer -> OrganisationInfo? in
            book.bringUp(org, to: now, into: buffer)
            var info = OrganisationInfo(org: org, book: book, directory: directory)
            info?.terms = TermsInfo(org: org, book: book, credit: credit)
            return info
        }
        guard let found else { throw .notFound(what: "organisation", name: name) }
        return found
    }

    /// The names of the organisations in alphabetical order, after a given one.
    ///
    /// - Parameters:
    ///   - after: Where to go on, or nil from the beginning.
    ///   - limit: How many at most.
    /// - Returns: At most `limit` names.
    public func organisationNames(after: String?, limit: Int) -> [String] {
        directory.names(after: after, limit: limit)
    }

    /// Adds a project.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - name: Unique within it.
    /// - Returns: The project with its number.
    /// - Throws: `AdministrationError` when the organisation is unknown or the name taken.
    public func createProject(
        organisation: String,
        name: String
    ) async throws(AdministrationError) -> ProjectInfo {
        try NameRule.check(name, field: "name")
        let org = try number(organisation)
        try checkHealth()
        let directory = self.directory
        let outcome = await change(org) { book, now, buffer -> CommandOutcome? in
            guard directory.project(name, org: org) == nil else { return nil }
            return book.createProject(name, org: org, at: now, into: buffer)
        }
        guard let outcome else { throw .exists(what: "project", name: name) }
        try check(outcome, what: "organisation", name: organisation)
        guard let project = directory.project(name, org: org) else {
            throw .notFound(what: "project", name: name)
        }
        return ProjectInfo(number: project, name: name)
    }

    /// Gives credits to a wallet, once for each idempotency key.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - request: How much, of what class, from when to when.
    /// - Returns: The grant that was made, now or by the same call before.
    /// - Throws: `AdministrationError`.
    public func grant(
        organisation: String,
        request: GrantRequest
    ) async throws(AdministrationError) -> GrantReceipt {
        let org = try number(organisation)
        try request.check()
        try checkHealth()
        let defaults = pricing.current.offer.grants.of(request.grantClass)
        let outcome = await change(org) { book, now, buffer -> CommandOutcome in
            let grant = request.issued(defaults, org: org, book: book, now: now)
            // What was carried out before is answered so, however the bounds are by now.
            if grant.expiresAt > grant.latest, !book.knowsGrant(grant.issued.identity) {
                return .invalid(
                    field: "expires_at",
                    message: "\(grant.expiresAt) is later than \(grant.latest), the latest for "
                        + "\(request.grantClass.word) credits "
                        + "(grants.\(request.grantClass.word).expires_at_most)."
                )
            }
            return book.grant(grant.issued, org: org, at: now, into: buffer)
        }
        if outcome == .conflict { throw .idempotencyConflict(key: request.idempotencyKey) }
        try check(outcome, what: "organisation", name: organisation)
        let info = try await self.organisation(name: organisation)
        switch outcome {
        case .granted(let grant):
            return GrantReceipt(grant: grant, repeated: false, wallet: info.wallet)
        case .repeated(let grant):
            return GrantReceipt(grant: grant, repeated: true, wallet: info.wallet)
        case .done, .conflict, .accountClosed, .refused, .alreadyRedeemed, .unknown, .invalid:
            throw .notFound(what: "organisation", name: organisation)
        }
    }

    /// Sets, changes or clears a spend cap.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - target: What it caps.
    ///   - period: Over which time it counts.
    ///   - amount: The cap, or nil to clear it.
    /// - Returns: The organisation as it is now.
    /// - Throws: `AdministrationError` when something named is unknown.
    public func setCap(
        organisation: String,
        target: CapTarget,
        period: CapPeriod,
        amount: Amount?
    ) async throws(AdministrationError) -> OrganisationInfo {
        let org = try number(organisation)
        try checkHealth()
        let change: CapChanged
        switch target {
        case .organisation:
            change = CapChanged(scope: .organisation, id: 0, period: period, amount: amount)
        case .project(let name):
            guard let id = directory.project(name, org: org) else {
                throw .notFound(what: "project", name: name)
            }
            change = CapChanged(scope: .project, id: id, period: period, amount: amount)
        case .key(let name):
            guard let id = directory.key(name, org: org) else {
                throw .notFound(what: "key", name: name)
            }
            change = CapChanged(scope: .key, id: id, period: period, amount: amount)
        }
        let outcome = await self.change(org) { book, now, buffer in
            book.setCap(change, org: org, at: now, into: buffer)
        }
        try check(outcome, what: "organisation", name: organisation)
        return try await self.organisation(name: organisation)
    }

    func number(_ organisation: String) throws(AdministrationError) -> UInt32 {
        guard let number = directory.number(of: organisation) else {
            throw .notFound(what: "organisation", name: organisation)
        }
        return number
    }

    func checkHealth() throws(AdministrationError) {
        if let overload = health.overload { throw .overloaded(reason: overload) }
    }

    func check(
        _ outcome: CommandOutcome,
        what: String,
        name: String
    ) throws(AdministrationError) {
        switch outcome {
        case .done, .granted, .repeated: return
        case .conflict: throw .idempotencyConflict(key: name)
        case .accountClosed, .refused(.accountClosed): throw .accountClosed(name: name)
        case .refused: throw .planRequired(name: name)
        case .alreadyRedeemed: throw .exists(what: "coupon", name: name)
        case .unknown: throw .notFound(what: what, name: name)
        case .invalid(let field, let message): throw .invalid(field: field, message: message)
        }
    }
}

extension Engine {
    /// Runs a command on the shard that owns an organisation; returns when its records are safe.
    ///
    /// The directory learns of new names from the same records as the books, before anybody else
    /// can see them.
    func change<Outcome: Sendable>(
        _ org: UInt32,
        _ body: @escaping @Sendable (AccountBook, Timestamp, RecordBuffer) -> Outcome
    ) async -> Outcome {
        let shard = shard(of: org)
        let directory = self.directory
        return await withCheckedContinuation { continuation in
            shard.inbox.put { shard in
                let start = shard.records.count
                let outcome = body(shard.book(of: org), shard.now, shard.records)
                let added = UnsafeRawBufferPointer(rebasing: shard.records.bytes[start...])
                var walker = RecordWalker(added)
                while let (kind, record) = walker.next() {
                    guard kind != .usage, let change = Change.decode(record) else { continue }
                    directory.apply(change)
                }
                shard.finish { continuation.resume(returning: outcome) }
            }
            shard.stage.kick()
        }
    }

    /// Looks at an organisation on its shard; returns at once.
    func look<Answer: Sendable>(
        _ org: UInt32,
        _ body: @escaping @Sendable (AccountBook, Timestamp, RecordBuffer) -> Answer
    ) async -> Answer {
        let shard = shard(of: org)
        return await withCheckedContinuation { continuation in
            shard.inbox.put { shard in
                continuation.resume(
                    returning: body(shard.book(of: org), shard.now, shard.records)
                )
            }
            shard.stage.kick()
        }
    }
}

/// What a name may be made of.
enum NameRule {
    static func check(_ name: String, field: String) throws(AdministrationError) {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isPlain, (1...64).contains(name.utf8.count) else {
            throw .invalid(
                field: field,
                message: "\"\(name)\" is not 1 to 64 of a-z, A-Z, 0-9, \".\", \"_\", \"-\"."
            )
        }
    }
}
