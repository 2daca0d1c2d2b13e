import Accounting
@testable import Engine
import Quantities
import Synchronization

/// Questions, answered from the few lines that the fake has.
extension FakeAdministration {
    func outlook(organisation: String) async throws(AdministrationError) -> OutlookInfo {
        let info = try await self.organisation(name: organisation)
        let spent = try await total(organisation)
        let available = info.wallet.available
        return OutlookInfo(
            organisation: info,
            at: FakeAdministration.now,
            lastDay: RecentSpend(charged: spent, seconds: 86_400, available: available),
            lastWeek: RecentSpend(charged: spent, seconds: 604_800, available: available),
            monthEndsAt: Timestamp(microseconds: 1_775_001_600_000_000),
            monthProjected: spent
        )
    }

    private func total(_ organisation: String) async throws(AdministrationError) -> Amount {
        try await usage(organisation: organisation, filter: UsageFilter(limit: 10_000))
            .reduce(.zero) { $0 + $1.charge }
    }

    func spend(
        organisation: String,
        by grouping: SpendGrouping,
        days: Int
    ) async throws(AdministrationError) -> SpendReport {
        let spent = try await total(organisation)
        let today = FakeAdministration.now.utcDay
        var row = SpendRow(label: grouping == .day ? today.description : "main")
        row.requests = 1
        row.charged = spent
        return SpendReport(
            grouping: grouping,
            from: today.advanced(by: 1 - Int32(days)),
            through: today,
            rows: grouping == .deployment ? [] : [row],
            total: grouping == .deployment ? .zero : spent
        )
    }

    func dearest(
        organisation: String,
        days: Int,
        limit: Int
    ) async throws(AdministrationError) -> [UsageInfo] {
        let all = try await usage(organisation: organisation, filter: UsageFilter(limit: 10_000))
        return Array(all.sorted { $0.charge > $1.charge }.prefix(limit))
    }

    func suggestions(
        organisation: String
    ) async throws(AdministrationError) -> [SuggestionInfo] {
        let spent = try await total(organisation)
        if spent.isZero { return [] }
        return [
            SuggestionInfo(
                kind: .cachedInput,
                subject: "claude-sonnet",
                saving: spent,
                text: "Cache more.",
                figures: ["input_tokens": "4808"]
            )
        ]
    }

    func lastLine(organisation: String) async throws(AdministrationError) -> UInt64 {
        try await self.organisation(name: organisation).wallet.lines
    }

    func ledgerPage(
        organisation: String,
        page: ExportPage
    ) async throws(AdministrationError) -> [TransactionInfo] {
        let lines = try await transactions(
            organisation: organisation,
            filter: TransactionFilter(limit: 10_000)
        )
        let wanted = lines.reversed().filter { $0.line > page.after && $0.line <= page.through }
        return Array(wanted.prefix(page.limit))
    }

    func usagePage(
        organisation: String,
        page: ExportPage
    ) async throws(AdministrationError) -> [UsageInfo] {
        let lines = try await usage(organisation: organisation, filter: UsageFilter(limit: 10_000))
        let wanted = lines.reversed().filter { $0.line > page.after && $0.line <= page.through }
        return Array(wanted.prefix(page.limit))
    }

    func organisation(ofSecret secret: String) -> String? {
        state.withLock { state in
            state.accounts.first { account in
                account.value.info.keys.contains { key in
                    secret == "mk_\(key.name)_secret\(key.generation)" && !key.revoked
                }
            }?.key
        }
    }
}
