import Accounting
import Quantities

/// What is left to give back of a charge: its parts, shortened from the end by every refund.
package struct NaiveDebit: Equatable {
    /// As it was taken.
    package var taken: [NaivePart]
    package var parts: [NaivePart]

    package var left: Int128 { parts.reduce(0) { $0 + $1.amount } }

    init(_ parts: [NaivePart]) {
        taken = parts
        self.parts = parts
    }

    /// Takes an amount off the end.
    fileprivate mutating func pop(_ amount: Int128) -> [NaivePart] {
        var open = amount
        var popped: [NaivePart] = []
        while open > 0, var last = parts.popLast() {
            let piece = min(open, last.amount)
            popped.append(NaivePart(grant: last.grant, amount: piece))
            open -= piece
            last.amount -= piece
            if last.amount > 0 { parts.append(last) }
        }
        return popped
    }
}

/// What a refund did.
package struct NaiveRefund: Equatable {
    package var amount: Int128
    package var debtPaid: Int128
    package var parts: [NaivePart]

    package init(amount: Int128, debtPaid: Int128, parts: [NaivePart]) {
        self.amount = amount
        self.debtPaid = debtPaid
        self.parts = parts
    }
}

extension NaiveOrganisation {
    /// The line of the charge that came last; 0 for none.
    package var lineOfLastDebit: UInt64 { debits.keys.max() ?? 0 }

    /// Gives a charge back: what is owed first, then the sources, the last one first.
    ///
    /// - Returns: nil when closed, or when there is not so much left of the charge.
    package mutating func refund(
        line: UInt64,
        asked: Int128?,
        at moment: Int64
    ) -> NaiveRefund? {
        bringUp(to: moment)
        guard let done = giveBack(line: line, asked: asked) else { return nil }
        bringUp(to: moment)
        return done
    }

    private mutating func giveBack(line: UInt64, asked: Int128?) -> NaiveRefund? {
        guard !closed, var debit = debits[line] else { return nil }
        let amount = asked ?? debit.left
        guard amount > 0, amount <= debit.left else { return nil }
        let owed = min(debt, amount)
        _ = debit.pop(owed)
        debt -= owed
        var parts = debit.pop(amount - owed)
        for index in parts.indices {
            if parts[index].grant == 0 {
                parts[index].grant = UInt32(grants.count + 1)
                grants.append(
                    NaiveGrant(
                        number: parts[index].grant,
                        amount: parts[index].amount,
                        priority: 20,
                        effective: now,
                        expires: .max,
                        begun: true,
                        remaining: parts[index].amount
                    )
                )
            } else {
                let place = Int(parts[index].grant) - 1
                grants[place].remaining += parts[index].amount
                if grants[place].expires <= now { grants[place].lapsed = true }
            }
        }
        debits[line] = debit
        book(amount)
        return NaiveRefund(amount: amount, debtPaid: owed, parts: parts)
    }

    /// Takes back what was bought and not used.
    ///
    /// - Returns: How much; nil when closed, or when there is not so much.
    package mutating func returnPurchase(
        _ grant: UInt32,
        asked: Int128?,
        at moment: Int64
    ) -> Int128? {
        bringUp(to: moment)
        let left = returnable(grant)
        let amount = asked ?? left
        guard !closed, amount > 0, amount <= left else { return nil }
        grants[Int(grant) - 1].remaining -= amount
        book(-amount)
        bringUp(to: moment)
        return amount
    }

    /// What may be taken back of a grant: what no hold keeps of it, nor of the wallet.
    package func returnable(_ grant: UInt32) -> Int128 {
        guard grants.indices.contains(Int(grant) - 1) else { return 0 }
        let found = grants[Int(grant) - 1]
        guard found.begun, !found.lapsed else { return 0 }
        return max(0, min(found.remaining - kept(of: grant), available))
    }

    mutating func follow(_ body: OperationRefunded, at moment: Timestamp) -> String? {
        if let overdue = overdue(at: moment) { return overdue }
        guard let done = giveBack(line: body.line, asked: body.amount.units) else {
            return "\(body.amount.units) of line \(body.line) are given back"
        }
        let found = NaiveRefund(
            amount: body.amount.units,
            debtPaid: body.debtPaid.units,
            parts: body.parts.map { NaivePart(grant: $0.grant, amount: $0.amount.units) }
        )
        lastRefund += 1
        if body.refund != lastRefund { return "refund \(body.refund) follows \(lastRefund - 1)" }
        return found == done ? nil : "line \(body.line) is given back as \(found), not \(done)"
    }

    mutating func follow(_ body: PurchaseReturned, at moment: Timestamp) -> String? {
        if let overdue = overdue(at: moment) { return overdue }
        lastRefund += 1
        if body.refund != lastRefund { return "refund \(body.refund) follows \(lastRefund - 1)" }
        let amount = body.amount.units
        // What follows from it has a record of its own.
        let topUp = shop.topUp
        shop.topUp = nil
        defer { shop.topUp = topUp }
        return returnPurchase(body.grant, asked: amount, at: moment.microseconds) == amount
            ? nil : "\(amount) of grant \(body.grant) are taken back"
    }
}
