import Accounting
import Quantities

extension NaiveOrganisation {
    /// Books what requests cost more, or less, than they were charged.
    ///
    /// More is paid as a request is, but counts for no day; less is given back as a grant of its
    /// own, for ever.
    ///
    /// - Returns: Where more was taken from, and the grant that gave back; nil when closed.
    package mutating func correct(
        _ amount: Int128,
        at moment: Int64
    ) -> (parts: [NaivePart], grant: UInt32)? {
        bringUp(to: moment)
        guard !closed else { return nil }
        if amount < 0 {
            let number = grant(
                -amount,
                priority: 20,
                effective: moment,
                expires: .max,
                at: moment
            )
            return ([], number ?? 0)
        }
        let before = charges
        let parts = settle(amount, hold: 0, project: 0, key: 0)
        charges = before
        bringUp(to: moment)
        return (parts, 0)
    }

    mutating func follow(_ body: Rerated, at moment: Timestamp) -> String? {
        if closed { return "a correction is booked in a closed wallet" }
        if let overdue = overdue(at: moment) { return overdue }
        if body.project > projects || body.key > keys.count {
            return "a correction names project \(body.project), key \(body.key)"
        }
        let owed = debt
        overshoot += max(0, body.amount.units)
        // What follows from it has a record of its own.
        let topUp = shop.topUp
        shop.topUp = nil
        defer { shop.topUp = topUp }
        guard let made = correct(body.amount.units, at: moment.microseconds) else {
            return "a correction is booked in a closed wallet"
        }
        if body.amount.isZero { return "a correction corrects nothing" }
        if made.grant != body.grant { return "grant \(body.grant) corrects, not \(made.grant)" }
        if body.draws.parts != made.parts {
            return "a correction is drawn from \(body.draws.parts.text), not \(made.parts.text)"
        }
        let pays = body.amount.isNegative ? min(owed, -body.amount.units) : 0
        return body.debtPaid.units == pays
            ? nil : "a correction pays \(body.debtPaid.units) of the debt, not \(pays)"
    }
}
