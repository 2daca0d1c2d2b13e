import Accounting
import PostgresStore

/// Which re-ratings may be applied.
enum RerateRules {
    /// How the names of undoings begin.
    static let undoing = "undo."

    static let underWay = AdministrationError.overloaded(
        reason: "Another re-rating is under way."
    )

    static let refundsWait = AdministrationError.overloaded(
        reason: "A re-rating is under way. Refunds wait until it is done."
    )

    /// A period is corrected once at a time: the next correction of it would not know what the one
    /// before has changed.
    static func check(
        _ begun: RerateBegun,
        against known: [RerateRecord]
    ) throws(AdministrationError) {
        for record in known where record.begun.undoes.isEmpty {
            let other = record.begun
            if other.rerate == begun.rerate {
                if let undoing = record.undoneBy {
                    throw .invalid(
                        field: "id",
                        message: "\"\(other.rerate)\" was undone by \"\(undoing)\". Use a new id."
                    )
                }
                guard other == begun else {
                    throw .invalid(
                        field: "id",
                        message: "\"\(other.rerate)\" was applied with another period, "
                            + "organisation or card. Use a new id."
                    )
                }
                continue
            }
            let isSame = other.org == 0 || begun.org == 0 || other.org == begun.org
            guard isSame, record.undoneBy == nil, begun.from < other.to, other.from < begun.to
            else { continue }
            throw .invalid(
                field: "from",
                message: "the re-rating \"\(other.rerate)\" covers a part of this period. Undo it "
                    + "first, or choose another period."
            )
        }
    }
}
