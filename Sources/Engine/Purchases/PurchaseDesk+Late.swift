import Accounting
import Quantities
import Rating

/// A payment that a program took for a purchase which was settled otherwise while it ran.
///
/// Why: between the question and the answer of a program somebody may have failed the purchase,
/// paid it by another payment, or closed the account. The money is there all the same, and nobody
/// will be asked for it again: it must end in credits or in somebody's hands, never in silence.
extension PurchaseDesk {
    /// Books such a payment as a purchase of its own.
    ///
    /// While PostgreSQL is away nobody can say whether the payment was credited before: it is tried
    /// again each second until it can be said or the daemon stops.
    ///
    /// - Parameters:
    ///   - payment: What the program calls the payment.
    ///   - found: The purchase that it was taken for.
    ///   - engine: Who books.
    func takeLate(_ payment: String, for found: PurchaseInfo, by engine: Engine) async {
        while true {
            do throws(AdministrationError) {
                let receipt = try await engine.bookLate(payment, for: found)
                if receipt.repeated { return }
                warn(
                    "The connector \"\(found.purchase.asked.connector)\" took payment "
                        + "\"\(payment)\" for purchase \(found.id), which was settled meanwhile; "
                        + "it is booked as purchase \(receipt.purchase.id)."
                )
                return
            } catch {
                switch error {
                // Whoever settled it has the same payment: nothing is missing.
                case .paymentUsed: return
                case .unavailable where await isGoingOn(), .overloaded where await isGoingOn():
                    continue
                default: break
                }
                warn(
                    "The connector \"\(found.purchase.asked.connector)\" took payment "
                        + "\"\(payment)\" for purchase \(found.id), which was settled meanwhile, "
                        + "and it could not be booked: \(error). No credits were given for it: "
                        + "give the money back, or confirm it by hand."
                )
                count { $0.unbookedPayments += 1 }
                return
            }
        }
    }

    /// Waits a second; false when the daemon ends meanwhile.
    private func isGoingOn() async -> Bool {
        do { try await Task.sleep(for: .seconds(1)) } catch { return false }
        return !isStopping
    }
}

extension Engine {
    /// Books a payment by what was asked for then, as a purchase of its own; a payment that some
    /// purchase has is that purchase's.
    fileprivate func bookLate(
        _ payment: String,
        for found: PurchaseInfo
    ) async throws(AdministrationError) -> PurchaseReceipt {
        let org = try number(found.organisation)
        try PaymentRule.check(payment)
        let asked = found.purchase.asked
        let request = PurchaseRequest(
            pack: asked.pack.isEmpty ? nil : asked.pack,
            credits: asked.pack.isEmpty ? asked.credits : nil
        )
        let draft = PurchaseDraft(
            pack: asked.pack,
            credits: asked.credits,
            price: asked.price,
            currency: asked.currency,
            connector: PurchaseOffer.manual,
            identity: AccountBook.identity(ofPayment: payment, org: org),
            content: request.content
        )
        return try await pay(found.organisation, org, draft, payment, purchaseTerms)
    }
}
