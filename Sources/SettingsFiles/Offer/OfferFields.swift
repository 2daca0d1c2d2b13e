import Quantities
import Rating

/// A part of an offer, with its values as the file writes them, so that two can be compared.
///
/// Invariants:  two offers with the same entries do the same.
struct OfferEntry: Sendable, Hashable {
    /// Where it stands below `offer`, such as `packs.starter`.
    let name: String
    /// Its keys with their values, defaults filled in; nil for what is not set.
    let fields: [Field]

    /// A key with its value.
    struct Field: Sendable, Hashable {
        let key: String
        let value: String?

        init(_ key: String, _ value: (some CustomStringConvertible)?) {
            self.key = key
            self.value = value.map { "\($0)" }
        }
    }

    init(_ name: String, _ fields: [Field]) {
        self.name = name
        self.fields = fields
    }

    /// All of it in one line.
    var text: String {
        let set = fields.compactMap { field in field.value.map { "\(field.key) \($0)" } }
        return set.isEmpty ? "-" : set.joined(separator: ", ")
    }
}

extension OfferEntry {
    /// Everything that an offer says.
    static func all(of offer: Offer) -> [OfferEntry] {
        var entries = [
            OfferEntry(
                "credit",
                [
                    Field("name", offer.credit.name), Field("value", offer.credit.value),
                    Field("currency", offer.credit.currency),
                ]
            )
        ]
        entries += grants(offer.grants)
        entries += offer.plans.map(plan)
        entries += offer.coupons.map(coupon)
        entries.append(billing(offer.billing))
        entries += purchases(offer.purchases)
        entries.append(
            OfferEntry("refunds", [Field("unused_purchased", offer.refunds.unusedPurchased)])
        )
        entries.append(alerts(offer.alerts))
        entries.append(machineRuns(offer.machineRuns))
        return entries
    }

    private static func grants(_ grants: GrantDefaults) -> [OfferEntry] {
        [
            ("purchased", grants.purchased), ("promotional", grants.promotional),
            ("plan", grants.plan), ("coupon", grants.coupon), ("refund", grants.refund),
            ("adjustment", grants.adjustment),
        ].map { name, defaults in
            OfferEntry(
                "grants.\(name)",
                [
                    Field("priority", defaults.priority),
                    Field("expires_after", defaults.expiresAfter?.offerText),
                    Field("expires_at_most", defaults.expiresAtMost?.offerText),
                ]
            )
        }
    }

    private static func plan(_ plan: Plan) -> OfferEntry {
        let included = plan.includedCredits.map { credits in
            "\(credits.amount) a \(credits.period.rawValue), "
                + (credits.lapses ? "which lapse" : "which stay")
        }
        return OfferEntry(
            "plans.\(plan.name)",
            [
                Field("api_access", plan.apiAccess), Field("may_purchase", plan.mayPurchase),
                Field("needs_purchase", plan.needsPurchase), Field("included_credits", included),
            ]
        )
    }

    private static func coupon(_ coupon: Coupon) -> OfferEntry {
        OfferEntry(
            "coupons.\(coupon.code)",
            [
                Field("credits", coupon.credits),
                Field(
                    "expires_after",
                    coupon.neverExpires ? "never" : coupon.expiresAfter?.offerText
                ),
                Field("valid_until", coupon.validUntil),
            ]
        )
    }

    private static func billing(_ billing: BillingOffer) -> OfferEntry {
        let modes = BillingOffer.Mode.allCases.filter { billing.modes.contains($0) }
        return OfferEntry(
            "billing",
            [Field("modes", list(modes.map(\.rawValue))), Field("net_days", billing.netDays)]
        )
    }

    private static func purchases(_ offer: PurchaseOffer) -> [OfferEntry] {
        var entries = offer.packs.map { pack in
            OfferEntry(
                "packs.\(pack.name)",
                [Field("credits", pack.credits), Field("price", pack.price)]
            )
        }
        if let custom = offer.custom {
            entries.append(
                OfferEntry(
                    "custom",
                    [
                        Field("price", custom.price), Field("whole", custom.whole),
                        Field("minimum", custom.minimum), Field("maximum", custom.maximum),
                    ]
                )
            )
        }
        entries.append(
            OfferEntry(
                "top_up",
                [
                    Field("allowed", offer.topUp.allowed),
                    Field("monthly_limit", offer.topUp.monthlyLimit),
                    Field("retry_after_s", offer.topUp.retryAfterSeconds),
                    Field("retry_at_most_s", offer.topUp.retryAtMostSeconds),
                ]
            )
        )
        entries += offer.connectors.map(connector)
        entries.append(OfferEntry("connectors", [Field("default", offer.connector)]))
        return entries
    }

    private static func connector(_ connector: Connector) -> OfferEntry {
        let name = "connectors.\(connector.name)"
        guard case .command(let command) = connector.kind else { return OfferEntry(name, []) }
        return OfferEntry(
            name,
            [
                Field("command", command.arguments.joined(separator: " ")),
                Field("timeout_s", command.timeoutSeconds),
                Field("retry_after_s", command.retryAfterSeconds),
                Field("retry_at_most_s", command.retryAtMostSeconds),
            ]
        )
    }

    private static func alerts(_ alerts: AlertsOffer) -> OfferEntry {
        let costs = alerts.deploymentCost.map { "\($0.amount) a \($0.period.rawValue)" }
        return OfferEntry(
            "alerts",
            [
                Field("low_balance", list(alerts.lowBalance.sorted().reversed())),
                Field("cap_percent", list(alerts.capPercents.sorted())),
                Field("daily_summary", alerts.dailySummary),
                Field("weekly_summary", alerts.weeklySummary),
                Field("silent_source_s", alerts.silentSourceSeconds),
                Field("deployment_cost", list(costs)),
            ]
        )
    }

    private static func machineRuns(_ runs: MachineRuns) -> OfferEntry {
        OfferEntry(
            "machine_runs",
            [
                Field("grace_s", runs.graceSeconds),
                Field("stop_margin_s", runs.stopMarginSeconds),
                Field("stop_within_s", runs.stopWithinSeconds),
                Field("start_within_s", runs.startWithinSeconds),
                Field("book_every_s", runs.bookEverySeconds),
                Field("order_repeat_s", runs.orderRepeatSeconds),
                Field("max_per_org", runs.maxPerOrganisation),
            ]
        )
    }

    private static func list(_ values: some Sequence<some CustomStringConvertible>) -> String? {
        let texts = values.map { "\($0)" }
        return texts.isEmpty ? nil : texts.joined(separator: ", ")
    }
}

extension Lifetime {
    /// As an offer writes it.
    fileprivate var offerText: String {
        switch self {
        case .months(let count): "\(count) months"
        case .days(let count): "\(count) days"
        }
    }
}
