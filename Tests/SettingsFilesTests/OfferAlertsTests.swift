import Quantities
import Rating
import SettingsFiles
import Testing

/// Goal: what is given back and who is told of what is read whole, and what is wrong has its line.
@Suite struct OfferAlertsTests {
    private func load(_ offer: String) throws -> Offer {
        try RateCardFile.load(
            text: "rate_card: test\nmachine_unit: \(RateCardFile.machineUnit)\n"
                + "machines: {m: {prices: [{hour: 60}]}}\noffer:\n" + offer,
            file: "system.yaml"
        ).offer
    }

    private func issues(_ offer: String) -> String {
        do {
            return "\(try load(offer))"
        } catch SettingsError.invalid(_, let issues) {
            return issues.map(\.description).joined(separator: "\n")
        } catch {
            return "\(error)"
        }
    }

    @Test func `both sections are read`() throws {
        let offer = try load(
            """
              refunds: {unused_purchased: true}
              alerts:
                low_balance: [500, 99.5]
                cap_percent: [50, 80, 100]
                daily_summary: true
                weekly_summary: true
                deployment_cost: {day: 5, month: 100}
                silent_source_s: 900
            """
        )
        #expect(offer.refunds.unusedPurchased)
        #expect(offer.alerts.lowBalance.map(\.description) == ["500", "99.5"])
        #expect(offer.alerts.capPercents == [50, 80, 100])
        #expect(offer.alerts.dailySummary && offer.alerts.weeklySummary)
        #expect(offer.alerts.deploymentCost.map(\.period) == [.day, .month])
        #expect(offer.alerts.silentSourceSeconds == 900)
        let none = try load("  credit: {name: token}")
        #expect(none.refunds == RefundsOffer() && none.alerts == AlertsOffer())
        #expect(!none.refunds.unusedPurchased)
    }

    @Test(arguments: [
        ("  refunds: {unused_purchased: maybe}", "unused_purchased"),
        ("  refunds: {all: true}", "all"),
        ("  alerts: {low_balance: 5}", "low_balance"),
        ("  alerts: {low_balance: [0]}", "low_balance"),
        ("  alerts: {low_balance: [-1]}", "low_balance"),
        ("  alerts: {low_balance: [1, 2, 3, 4, 5, 6, 7, 8, 9]}", "9 entries"),
        ("  alerts: {cap_percent: [0]}", "cap_percent"),
        ("  alerts: {cap_percent: [101]}", "cap_percent"),
        ("  alerts: {cap_percent: [50.5]}", "cap_percent"),
        ("  alerts: {daily_summary: 7}", "daily_summary"),
        ("  alerts: {deployment_cost: {year: 5}}", "year"),
        ("  alerts: {deployment_cost: {day: 0}}", "day"),
        ("  alerts: {silent_source_s: 0}", "silent_source_s"),
        ("  alerts: {sms: true}", "sms"),
    ])
    func `what is wrong is told with its place`(text: String, names: String) {
        let found = issues(text)
        #expect(found.contains(names), "\(found)")
        #expect(found.contains("5:"), "the line is told: \(found)")
    }

    @Test func `gpu-hourly takes purchases back, and cloud-paas never does`() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let gpu = try RateCardFile.load(path: "/\(root)/config/systems/gpu-hourly.yaml").offer
        #expect(gpu.refunds.unusedPurchased)
        #expect(gpu.alerts.lowBalance.map(\.description) == ["500", "100"])
        #expect(gpu.alerts.dailySummary && gpu.alerts.weeklySummary)
        let paas = try RateCardFile.load(path: "/\(root)/config/systems/cloud-paas.yaml").offer
        #expect(!paas.refunds.unusedPurchased)
    }
}
