import Engine
import LedgerModel

/// The prices of the simulated world; a version of one model begins ten minutes into each run.
enum SimulatedCard {
    static let models = ["alpha", "beta", "free", "step"]
    /// The plan that shuts an account out comes seldom.
    static let plans = [
        "plain", "plain", "team", "team", "builder", "builder", "free", "pro", "closed",
    ]
    static let coupons = ["ONE", "TWO"]
    static let machines = ["small", "large"]

    static let text = """
        rate_card: simulated
        unit: credits per 1,000,000 tokens
        charge_failures: false
        charge_cache_hits: false
        default: refuse
        providers:
          north: [n]
        models:
          alpha:
            prices:
              - from: always
                input: 3
                cache_read: 0.3
                cache_write: 3.75
                output: 15
                tiers:
                  - above_input_tokens: 1000
                    input: 6
                    cache_read: 0.6
                    cache_write: 7.5
                    output: 22.5
          beta:
            prices:
              - from: always
                input: 1
                output: 4
                reasoning: 5
          free:
            prices:
              - from: always
                input: 0
                output: 0
          step:
            prices:
              - from: always
                input: 2
                output: 8
              - from: 2026-03-02T00:00:00Z
                input: 3
                output: 9
        machine_unit: credits per hour and per GiB
        machines:
          small:
            prices:
              - from: always
                vcpu_hour: 0.02
                memory_gib_hour: 0.005
                storage_gib_hour: 0.0001
                sent_gib: 0.09
              - from: 2026-03-02T00:00:00Z
                vcpu_hour: 0.03
                memory_gib_hour: 0.005
                storage_gib_hour: 0.0001
                sent_gib: 0.08
          large:
            prices:
              - from: always
                hour: 0.05
        offer:
          grants:
            coupon: {expires_after: 1 day}
          plans:
            plain:
            closed: {api_access: false}
            free: {may_purchase: false}
            pro: {needs_purchase: true}
            team:
              included_credits: {amount: 0.05, lapses: true}
            builder:
              included_credits: {amount: 0.03, lapses: false}
          coupons:
            ONE: {credits: 0.02}
            TWO: {credits: 0.01, expires_after: 2 months}
          machine_runs:
            grace_s: 4
            stop_margin_s: 5
            stop_within_s: 3
            start_within_s: 6
            book_every_s: 1
            order_repeat_s: 2
            max_per_org: 5
          credit: {name: credit, value: 1, currency: EUR}
          packs:
            small: {credits: 0.05, price: 1}
          custom: {price: 10}
          top_up: {monthly_limit: 5, retry_after_s: 20, retry_at_most_s: 120}

        """
}

extension SimulatedCard {
    /// The same card once more, as an accountant would write it down.
    static var naive: NaiveCard {
        let alpha =
            "input 3, cache_read 0.3, cache_write 3.75, output 15, reasoning 15; "
            + "above 1000: input 6, cache_read 0.6, cache_write 7.5, output 22.5, reasoning 22.5"
        let beta = "input 1, cache_read 1, cache_write 1, output 4, reasoning 5"
        let free = "input 0, cache_read 0, cache_write 0, output 0, reasoning 0"
        let before = "input 2, cache_read 2, cache_write 2, output 8, reasoning 8"
        let after = "input 3, cache_read 3, cache_write 3, output 9, reasoning 9"
        // 2026-03-02T00:00:00Z
        let change: Int64 = 1_772_409_600_000_000
        return NaiveCard(versions: [
            NaiveCard.Version(model: "alpha", from: .min, text: alpha),
            NaiveCard.Version(model: "beta", from: .min, text: beta),
            NaiveCard.Version(model: "free", from: .min, text: free),
            NaiveCard.Version(model: "step", from: .min, text: before),
            NaiveCard.Version(model: "step", from: change, text: after),
        ])
    }
}
