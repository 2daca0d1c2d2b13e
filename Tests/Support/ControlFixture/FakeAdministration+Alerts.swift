import Accounting
@testable import Engine
import Quantities
import Synchronization

extension FakeAdministration {
    func alertSettings(
        organisation: String
    ) async throws(AdministrationError) -> AlertSettingsInfo {
        _ = try account(organisation)
        return AlertSettingsInfo(
            rules: state.withLock { $0.alertRules } ?? AlertRules(),
            isOwn: state.withLock { $0.alertRules != nil }
        )
    }

    func setAlerts(
        organisation: String,
        rules: AlertRules?
    ) async throws(AdministrationError) -> AlertSettingsInfo {
        _ = try account(organisation)
        state.withLock { $0.alertRules = rules }
        return try await alertSettings(organisation: organisation)
    }

    func alerts(_ filter: AlertFilter) async throws(AdministrationError) -> [AlertInfo] {
        if let organisation = filter.organisation { _ = try account(organisation) }
        state.withLock { $0.alertFilters.append(filter) }
        let low = AlertInfo(
            organisation: "acme",
            number: 1,
            place: 41,
            kind: "low_balance",
            point: AlertPoint(kind: .lowBalance, threshold: Amount(credits: 100)),
            name: nil,
            value: Amount(credits: 99),
            limit: .zero,
            day: FakeAdministration.now.utcDay,
            text: "",
            raisedAt: FakeAdministration.now,
            clearedAt: nil
        )
        return Array([low].prefix(filter.limit))
    }
}
