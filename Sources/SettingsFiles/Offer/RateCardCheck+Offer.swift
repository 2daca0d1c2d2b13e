import Quantities
import Rating

extension RateCardCheck {
    /// The offer in words, a line each; nothing for a file without one.
    public var offerLines: [String] {
        guard !file.offerText.isEmpty else { return [] }
        let offer = file.offer
        var lines = [words(offer.credit)]
        lines += grantLines(offer.grants)
        lines += offer.plans.map(words)
        lines += offer.coupons.map(words)
        lines += purchaseLines(offer)
        lines.append(words(offer.billing))
        lines += runLines(offer.machineRuns)
        return lines
    }

    var offerText: String {
        let lines = offerLines
        return lines.isEmpty ? "" : "offer\n" + lines.map { "  \($0)\n" }.joined()
    }

    private func words(_ unit: CreditUnit) -> String {
        var text = "a credit is called \(unit.name)"
        if let value = unit.value, let currency = unit.currency {
            text += " and is worth \(value) \(currency)"
        } else if let currency = unit.currency {
            text += " and is sold in \(currency)"
        }
        return text
    }

    private func grantLines(_ grants: GrantDefaults) -> [String] {
        let classes = [
            ("purchased", grants.purchased), ("promotional", grants.promotional),
            ("plan", grants.plan), ("coupon", grants.coupon), ("refund", grants.refund),
            ("adjustment", grants.adjustment),
        ]
        return classes.filter { $0.1 != ClassDefaults() }.map { name, defaults in
            var parts: [String] = []
            if name != "plan" {
                parts.append(
                    defaults.expiresAfter.map { "expire after \(words($0))" } ?? "never expire"
                )
            }
            if let most = defaults.expiresAtMost { parts.append("at the latest \(words(most))") }
            if let priority = defaults.priority { parts.append("priority \(priority)") }
            return "\(name) credits: " + parts.joined(separator: ", ")
        }
    }

    private func words(_ life: Lifetime) -> String {
        switch life {
        case .months(let count): count == 1 ? "1 month" : "\(count) months"
        case .days(let count): count == 1 ? "1 day" : "\(count) days"
        }
    }

    private func words(_ plan: Plan) -> String {
        var parts: [String] = []
        if !plan.apiAccess { parts.append("no access to the API") }
        parts.append(plan.mayPurchase ? "may purchase" : "may not purchase")
        if plan.needsPurchase { parts.append("needs a purchase first") }
        if let included = plan.includedCredits {
            parts.append(
                "\(included.amount) a \(included.period.rawValue), "
                    + (included.lapses ? "which lapse at its end" : "which stay")
            )
        }
        return "plan \(plan.name): " + parts.joined(separator: ", ")
    }

    private func words(_ coupon: Coupon) -> String {
        var text = "coupon \(coupon.code): \(coupon.credits) once for each account"
        if let life = coupon.expiresAfter { text += ", which expire after \(words(life))" }
        if coupon.neverExpires { text += ", which never expire" }
        if let until = coupon.validUntil { text += ", until \(until)" }
        return text
    }

    private func runLines(_ runs: MachineRuns) -> [String] {
        guard !file.card.machines.isEmpty else { return [] }
        return [
            "machines: a run ends \(runs.graceSeconds) s after its last sign of life; "
                + "stop margin \(runs.stopMarginSeconds) s; "
                + "a refused hour is booked after \(runs.stopWithinSeconds) s; "
                + "orders are said again every \(runs.orderRepeatSeconds) s; "
                + "at most \(runs.maxPerOrganisation) deployments in use"
        ]
    }

    private func words(_ billing: BillingOffer) -> String {
        let modes = BillingOffer.Mode.allCases.filter { billing.modes.contains($0) }
        var text = "billing: " + modes.map(\.rawValue).joined(separator: ", ")
        if modes.contains(.invoice) { text += "; invoices are due after \(billing.netDays) days" }
        return text
    }
}
