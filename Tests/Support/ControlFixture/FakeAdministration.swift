import Accounting
@testable import Engine
import Quantities
import Synchronization

/// An engine of a few dictionaries, enough to see what the control plane asks of one.
final class FakeAdministration: Administration {
    struct Account {
        var info: OrganisationInfo
        var ledger: [TransactionInfo] = []
        var usage: [UsageInfo] = []
        var grants: [String: (request: GrantRequest, receipt: GrantReceipt)] = [:]
    }

    struct State {
        var accounts: [String: Account] = [:]
        var report = FakeAdministration.report
        var audit = AuditReport(
            organisations: 2,
            lines: 8819,
            balance: Amount(credits: 88),
            drifted: 0,
            violations: []
        )
        var unavailable = false
        var brokenCard = false
        var filters: [TransactionFilter] = []
        var usageFilters: [UsageFilter] = []
        var alertRules: AlertRules?
        var alertFilters: [AlertFilter] = []
        var shops: [String: Shop] = [:]
    }

    let state = Mutex(State())

    static let now = Timestamp(microseconds: 1_772_359_200_250_000)

    static let report = StatusReport(
        node: "gateway-1",
        version: "0.1.0",
        startedAt: now,
        ready: true,
        troubles: [],
        accepted: 1000,
        applied: 990,
        journaled: 980,
        stored: 900,
        journalWritten: 65536,
        journalSynced: 61440,
        journalStored: 57344,
        journalRetired: 0,
        journalBytes: 67_108_864,
        journalMaximumBytes: 8_589_934_592,
        postgresConnected: true,
        connections: 3,
        organisations: 2,
        openHolds: 1,
        rejected: 4,
        duplicates: 5,
        granted: 600,
        refused: 7,
        overshoot: Amount(units: 250_000_000_000),
        rateCard: "llm-gateway 9f2c41d7"
    )

    func createOrganisation(
        name: String,
        zone: String?,
        plan: String?
    ) async throws(AdministrationError) -> OrganisationInfo {
        if let plan { try checkPlan(plan) }
        if zone == "Mars/Olympus" {
            throw .invalid(field: "zone", message: "\"Mars/Olympus\" is not an IANA time zone")
        }
        let number = state.withLock { UInt32($0.accounts.count + 1) }
        let info = OrganisationInfo(
            number: number,
            name: name,
            zone: zone ?? "UTC",
            closed: false,
            cutoffReasons: ["insufficient_credits"],
            wallet: WalletInfo(posted: .zero, held: .zero, available: .zero, debt: .zero, lines: 0),
            spend: SpendInfo(
                date: FakeAdministration.now.utcDay,
                day: .zero,
                week: .zero,
                month: .zero,
                total: .zero
            ),
            projects: [],
            keys: [],
            grants: [],
            caps: [],
            openHolds: 0
        )
        let taken = state.withLock { state in
            if state.accounts[name] != nil { return true }
            state.accounts[name] = Account(info: info)
            return false
        }
        if taken { throw .exists(what: "organisation", name: name) }
        if let plan { return try await setPlan(organisation: name, plan: plan, start: .now) }
        return info
    }

    func closeOrganisation(
        name: String,
        reason: String
    ) async throws(AdministrationError) -> OrganisationInfo {
        try change(name) { $0.info.closed = true }
    }

    func organisation(name: String) async throws(AdministrationError) -> OrganisationInfo {
        try account(name).info
    }

    func organisationNames(after: String?, limit: Int) -> [String] {
        let names = state.withLock { $0.accounts.keys.sorted() }
        return Array(names.filter { $0 > (after ?? "") }.prefix(limit))
    }

    func createProject(
        organisation: String,
        name: String
    ) async throws(AdministrationError) -> ProjectInfo {
        if try account(organisation).info.projects.contains(where: { $0.name == name }) {
            throw .exists(what: "project", name: name)
        }
        let info = try change(organisation) { account in
            let number = UInt32(account.info.projects.count + 1)
            account.info.projects.append(ProjectInfo(number: number, name: name))
        }
        guard let project = info.projects.last else { throw .overloaded(reason: "It is full.") }
        return project
    }

    func createKey(
        organisation: String,
        name: String,
        project: String?
    ) async throws(AdministrationError) -> NewSecret {
        let info = try account(organisation).info
        if let project, !info.projects.contains(where: { $0.name == project }) {
            throw .notFound(what: "project", name: project)
        }
        let key = KeyInfo(
            number: UInt32(info.keys.count + 1),
            name: name,
            project: project,
            prefix: "mk_\(name)",
            generation: 1,
            revoked: false
        )
        _ = try change(organisation) { $0.info.keys.append(key) }
        return NewSecret(key: key, secret: "mk_\(name)_secret1")
    }

    func rotateKey(
        organisation: String,
        name: String
    ) async throws(AdministrationError) -> NewSecret {
        let key = try await changeKey(organisation, name) { $0.generation += 1 }
        return NewSecret(key: key, secret: "mk_\(name)_secret\(key.generation)")
    }

    func revokeKey(
        organisation: String,
        name: String
    ) async throws(AdministrationError) -> KeyInfo {
        try await changeKey(organisation, name) { $0.revoked = true }
    }

    func grant(
        organisation: String,
        request: GrantRequest
    ) async throws(AdministrationError) -> GrantReceipt {
        if let made = try account(organisation).grants[request.idempotencyKey] {
            guard made.request == request else {
                throw .idempotencyConflict(key: request.idempotencyKey)
            }
            var receipt = made.receipt
            receipt.repeated = true
            return receipt
        }
        let info = try change(organisation) { FakeAdministration.book(request, in: &$0) }
        let receipt = GrantReceipt(
            grant: UInt32(info.grants.count),
            repeated: false,
            wallet: info.wallet
        )
        state.withLock {
            $0.accounts[organisation]?.grants[request.idempotencyKey] = (request, receipt)
        }
        return receipt
    }

    func setCap(
        organisation: String,
        target: CapTarget,
        period: CapPeriod,
        amount: Amount?
    ) async throws(AdministrationError) -> OrganisationInfo {
        let info = try account(organisation).info
        if case .project(let name) = target, !info.projects.contains(where: { $0.name == name }) {
            throw .notFound(what: "project", name: name)
        }
        if case .key(let name) = target, !info.keys.contains(where: { $0.name == name }) {
            throw .notFound(what: "key", name: name)
        }
        return try change(organisation) { account in
            account.info.caps.removeAll { $0.target == target && $0.period == period }
            guard let amount else { return }
            account.info.caps.append(
                CapInfo(
                    target: target,
                    period: period,
                    amount: amount,
                    spent: .zero,
                    held: .zero,
                    resetsAt: period == .total
                        ? nil : Timestamp(microseconds: 1_775_001_600_000_000)
                )
            )
        }
    }

    func transactions(
        organisation: String,
        filter: TransactionFilter
    ) async throws(AdministrationError) -> [TransactionInfo] {
        try checkStore()
        state.withLock { $0.filters.append(filter) }
        let lines = try account(organisation).ledger.reversed().filter { line in
            (filter.kind == nil || filter.kind == line.kind)
                && (filter.beforeLine.map { line.line < $0 } ?? true)
        }
        return Array(lines.prefix(filter.limit))
    }

    func usage(
        organisation: String,
        filter: UsageFilter
    ) async throws(AdministrationError) -> [UsageInfo] {
        try checkStore()
        state.withLock { $0.usageFilters.append(filter) }
        let lines = try account(organisation).usage.reversed().filter { line in
            filter.beforeLine.map { line.line < $0 } ?? true
        }
        return Array(lines.prefix(filter.limit))
    }

    func audit(organisation: String?) async throws(AdministrationError) -> AuditReport {
        try checkStore()
        if let organisation { _ = try account(organisation) }
        return state.withLock { $0.audit }
    }

    func status() -> StatusReport { state.withLock { $0.report } }

    func reloadRates() async throws(AdministrationError) -> String {
        if state.withLock({ $0.brokenCard }) {
            throw .invalid(field: "models[0].input", message: "\"-3\" must not be below zero")
        }
        return "llm-gateway 77aa01c2"
    }

    func ratesText() -> String { "name: llm-gateway\nmodels: []\n" }
}

extension FakeAdministration {
    /// Books a usage line, as if a request had been metered.
    func meter(_ organisation: String, id: String, charge: Amount) {
        state.withLock { state in
            guard var account = state.accounts[organisation] else { return }
            let balance = account.info.wallet.posted - charge
            account.usage.append(
                UsageInfo(
                    line: UInt64(account.ledger.count + 1),
                    at: FakeAdministration.now,
                    appliedAt: FakeAdministration.now,
                    id: id,
                    model: "claude-sonnet",
                    provider: nil,
                    project: nil,
                    key: "main",
                    session: nil,
                    tokens: TokenCounts(input: 4808, cacheRead: 1000, output: 10),
                    charge: charge,
                    latencyMilliseconds: 812,
                    failed: false,
                    cacheHit: false
                )
            )
            FakeAdministration.append(
                -charge,
                kind: "usage",
                detail: "claude-sonnet",
                key: "main",
                in: &account
            )
            account.info.wallet.posted = balance
            account.info.wallet.available = balance
            state.accounts[organisation] = account
        }
    }

    private static func book(_ request: GrantRequest, in account: inout Account) {
        account.info.grants.append(
            GrantInfo(
                number: UInt32(account.info.grants.count + 1),
                grantClass: request.grantClass,
                remaining: request.amount,
                held: .zero,
                priority: request.priority ?? 100,
                effectiveAt: request.effectiveAt ?? now,
                expiresAt: request.expiresAt ?? .never,
                active: request.effectiveAt == nil
            )
        )
        append(
            request.amount,
            kind: request.grantClass == .purchased ? "purchase" : "promotion",
            detail: request.reference,
            key: nil,
            in: &account
        )
        account.info.wallet.posted += request.amount
        account.info.wallet.available += request.amount
        account.info.cutoffReasons = []
    }

    private static func append(
        _ amount: Amount,
        kind: String,
        detail: String,
        key: String?,
        in account: inout Account
    ) {
        account.ledger.append(
            TransactionInfo(
                line: UInt64(account.ledger.count + 1),
                appliedAt: now,
                kind: kind,
                amount: amount,
                balance: account.info.wallet.posted + amount,
                detail: detail,
                project: nil,
                key: key,
                session: nil
            )
        )
        account.info.wallet.lines = UInt64(account.ledger.count)
    }

    func account(_ name: String) throws(AdministrationError) -> Account {
        guard let account = state.withLock({ $0.accounts[name] }) else {
            throw .notFound(what: "organisation", name: name)
        }
        return account
    }

    func change(
        _ name: String,
        _ body: (inout Account) -> Void
    ) throws(AdministrationError) -> OrganisationInfo {
        var account = try account(name)
        if account.info.closed { throw .accountClosed(name: name) }
        body(&account)
        state.withLock { $0.accounts[name] = account }
        return account.info
    }

    private func changeKey(
        _ organisation: String,
        _ name: String,
        _ body: (inout KeyInfo) -> Void
    ) async throws(AdministrationError) -> KeyInfo {
        let info = try account(organisation).info
        guard let index = info.keys.firstIndex(where: { $0.name == name }) else {
            throw .notFound(what: "key", name: name)
        }
        return try change(organisation) { body(&$0.info.keys[index]) }.keys[index]
    }

    private func checkStore() throws(AdministrationError) {
        if state.withLock({ $0.unavailable }) {
            throw .unavailable(reason: "the connection was refused.")
        }
    }
}
