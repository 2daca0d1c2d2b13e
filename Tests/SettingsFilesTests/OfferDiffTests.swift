import Quantities
import SettingsFiles
import Testing

/// Goal: a dry run shows all that another offer changes, key by key, and nothing else.
///
/// Method: pairs of offers that differ in one key each, and two that differ in whole parts.
@Suite struct OfferDiffTests {
    private func file(_ offer: String) throws -> RateCardFile {
        let card = """
            rate_card: c
            unit: credits per 1,000,000 tokens
            models: {m: {prices: [{input: 1, output: 1}]}}

            """
        let lines = offer.split(separator: "\n").map { "  \($0)\n" }.joined()
        let text = card + (lines.isEmpty ? "" : "offer:\n\(lines)")
        return try RateCardFile.load(text: text, file: "c")
    }

    private func diff(_ old: String, _ new: String) throws -> String {
        RateCardDiff(old: try file(old), new: try file(new)).description
    }

    private static let worth = "credit: {name: cent, value: 0.01, currency: USD}\n"

    /// The same part before and after, and the one line that tells of it.
    static let single: [(old: String, new: String, line: String)] = [
        ("credit: {name: a}", "credit: {name: b}", "credit.name a -> b"),
        (
            "credit: {value: 1, currency: USD}", "credit: {value: 0.5, currency: USD}",
            "credit.value 1 -> 0.5"
        ),
        ("credit: {currency: USD}", "credit: {currency: EUR}", "credit.currency USD -> EUR"),
        (
            "grants: {purchased: {priority: 5}}", "grants: {purchased: {priority: 6}}",
            "grants.purchased.priority 5 -> 6"
        ),
        (
            "", "grants: {promotional: {expires_after: 12 months}}",
            "grants.promotional.expires_after (none) -> 12 months"
        ),
        (
            "grants: {coupon: {expires_at_most: 30 days}}", "",
            "grants.coupon.expires_at_most 30 days -> (none)"
        ),
        ("plans: {p: {}}", "plans: {p: {api_access: false}}", "plans.p.api_access true -> false"),
        (
            "plans: {p: {}}", "plans: {p: {may_purchase: false}}",
            "plans.p.may_purchase true -> false"
        ),
        (
            "plans: {p: {}}", "plans: {p: {needs_purchase: true}}",
            "plans.p.needs_purchase false -> true"
        ),
        (
            "plans: {p: {included_credits: {amount: 5, lapses: true}}}",
            "plans: {p: {included_credits: {amount: 5, lapses: false}}}",
            "plans.p.included_credits 5 a month, which lapse -> 5 a month, which stay"
        ),
        ("coupons: {W: {credits: 1}}", "coupons: {W: {credits: 2}}", "coupons.W.credits 1 -> 2"),
        (
            "coupons: {W: {credits: 1}}", "coupons: {W: {credits: 1, expires_after: never}}",
            "coupons.W.expires_after (none) -> never"
        ),
        (
            "billing: {modes: [prepaid]}", "billing: {modes: [invoice, prepaid]}",
            "billing.modes prepaid -> prepaid, invoice"
        ),
        ("billing: {net_days: 30}", "billing: {net_days: 14}", "billing.net_days 30 -> 14"),
        (
            worth + "packs: {s: {credits: 5, price: 1}}",
            worth + "packs: {s: {credits: 5, price: 2}}", "packs.s.price 1 -> 2"
        ),
        (
            worth + "packs: {s: {credits: 5, price: 1}}",
            worth + "packs: {s: {credits: 6, price: 1}}", "packs.s.credits 5 -> 6"
        ),
        (
            worth + "custom: {minimum: 5}", worth + "custom: {minimum: 5, maximum: 9}",
            "custom.maximum (none) -> 9"
        ),
        ("top_up: {allowed: true}", "top_up: {allowed: false}", "top_up.allowed true -> false"),
        ("", "top_up: {monthly_limit: 50}", "top_up.monthly_limit (none) -> 50"),
        ("", "refunds: {unused_purchased: true}", "refunds.unused_purchased false -> true"),
        (
            "alerts: {low_balance: [5]}", "alerts: {low_balance: [5, 10]}",
            "alerts.low_balance 5 -> 10, 5"
        ),
        ("", "alerts: {cap_percent: [80, 50]}", "alerts.cap_percent (none) -> 50, 80"),
        ("", "alerts: {daily_summary: true}", "alerts.daily_summary false -> true"),
        ("", "alerts: {weekly_summary: true}", "alerts.weekly_summary false -> true"),
        ("", "alerts: {silent_source_s: 9}", "alerts.silent_source_s (none) -> 9"),
        (
            "alerts: {deployment_cost: {day: 5}}", "alerts: {deployment_cost: {day: 6}}",
            "alerts.deployment_cost 5 a day -> 6 a day"
        ),
        ("", "machine_runs: {grace_s: 60}", "machine_runs.grace_s 120 -> 60"),
        ("", "machine_runs: {max_per_org: 5}", "machine_runs.max_per_org 1000 -> 5"),
    ]

    @Test(arguments: single)
    func `a key that differs is told, and no other`(old: String, new: String, line: String) throws {
        #expect(try diff(old, new) == "0 added, 0 removed, 1 changed\n~ offer.\(line)\n")
        #expect(try diff(new, new) == "no difference\n")
    }

    @Test func `a part that only one of them has is told as a whole`() throws {
        let old = """
            credit: {currency: USD}
            plans: {free: {api_access: false}}
            packs: {small: {credits: 5, price: 1}, same: {credits: 1, price: 1}}
            coupons: {GONE: {credits: 3, expires_after: 30 days}}
            """
        let new = """
            credit: {currency: USD}
            plans: {pro: {included_credits: {amount: 100, lapses: true}}}
            packs: {same: {credits: 1, price: 1}, large: {credits: 50, price: 9}}
            custom: {price: 0.2}
            connectors: {card: {command: [/usr/bin/charge, --live]}}
            """
        #expect(
            try diff(old, new) == """
                0 added, 0 removed, 8 changed
                ~ offer.plans.pro (none) -> api_access true, may_purchase true, \
                needs_purchase false, included_credits 100 a month, which lapse
                ~ offer.packs.large (none) -> credits 50, price 9
                ~ offer.custom (none) -> price 0.2, whole false
                ~ offer.connectors.card (none) -> command /usr/bin/charge --live, timeout_s 30, \
                retry_after_s 10, retry_at_most_s 3600
                ~ offer.connectors.default manual -> card
                ~ offer.plans.free api_access false, may_purchase true, \
                needs_purchase false -> (none)
                ~ offer.coupons.GONE credits 3, expires_after 30 days -> (none)
                ~ offer.packs.small credits 5, price 1 -> (none)

                """
        )
    }

    @Test func `what is written otherwise and means the same is no difference`() throws {
        let short = "packs: {a: {credits: 1, price: 1}, b: {credits: 2, price: 2}}\n"
        let long = "packs: {b: {credits: 2, price: 2.0}, a: {credits: 1, price: 1}}\n"
        let base = "credit: {currency: USD}\n"
        let defaults = "billing: {net_days: 30}\nmachine_runs: {grace_s: 120}\n"
        #expect(try diff(base + short, base + long + defaults) == "no difference\n")
    }
}
