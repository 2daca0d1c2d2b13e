import Accounting
@testable import Engine
import Quantities

/// Re-ratings that halve what one organisation was charged.
extension FakeAdministration {
    func rerate(
        _ request: RerateRequest
    ) async throws(AdministrationError) -> RerateReport {
        guard request.card.contains("rate_card") else {
            throw .invalid(field: "card", message: "card:1: it has no name.")
        }
        guard request.from < request.to else {
            throw .invalid(field: "to", message: "\(request.to) is not after \(request.from).")
        }
        var sum = RerateOrganisation(name: request.organisation ?? "acme")
        let used = try await usage(organisation: sum.name, filter: UsageFilter(limit: 10_000))
        sum.requests = UInt64(used.count)
        sum.changed = sum.requests
        sum.old = used.reduce(.zero) { $0 + $1.charge }
        sum.new = Amount(units: sum.old.units / 2)
        var total = sum
        total.name = ""
        return RerateReport(
            id: request.id,
            undoes: nil,
            card: "new",
            organisations: [sum],
            leftOut: 0,
            total: total,
            booked: request.id == nil ? 0 : 1,
            bookedBefore: 0,
            notBooked: 0
        )
    }

    func undoRerate(_ id: String) async throws(AdministrationError) -> RerateReport {
        guard id == "march" else { throw .notFound(what: "re-rating", name: id) }
        return RerateReport(
            id: "undo.march",
            undoes: "march",
            card: "new",
            organisations: [],
            leftOut: 0,
            total: RerateOrganisation(name: ""),
            booked: 1,
            bookedBefore: 0,
            notBooked: 0
        )
    }

    func rerates() async throws(AdministrationError) -> [RerateInfo] {
        [
            RerateInfo(
                id: "march",
                undoes: nil,
                undoneBy: nil,
                organisation: nil,
                from: .epoch,
                to: FakeAdministration.now,
                card: "new",
                begunAt: FakeAdministration.now,
                corrections: 1,
                amount: Amount(units: -7_287_000_000)
            )
        ]
    }

    func rerateProgress() -> RerateProgress? { nil }
}
