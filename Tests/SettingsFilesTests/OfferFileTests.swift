import Quantities
import Rating
import SettingsFiles
import Testing

/// Goal: the offer beside a rate card is read whole, and what is wrong is told with its line.
///
/// Method: small files, good ones and broken ones, and the five systems.
@Suite struct OfferFileTests {
    private func load(_ offer: String) throws -> RateCardFile {
        try RateCardFile.load(
            text: "rate_card: test\nmachine_unit: \(RateCardFile.machineUnit)\n"
                + "machines: {m: {prices: [{hour: 60}]}}\n" + offer,
            file: "system.yaml"
        )
    }

    private func issues(_ offer: String) -> [String] {
        do {
            _ = try load(offer)
            return []
        } catch SettingsError.invalid(_, let issues) {
            return issues.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }

    @Test func `without an offer everything has its default`() throws {
        let file = try load("")
        #expect(file.offer == Offer())
        #expect(file.offerText.isEmpty)
        #expect(try load("offer:\n").offer == Offer())
    }

    @Test func `every section is read`() throws {
        let offer = try load(
            """
            offer:
              credit: {name: token, value: 0.01, currency: EUR}
              grants:
                purchased: {expires_after: 12 months, priority: 20}
                promotional: {expires_after: 30 days, expires_at_most: 1 year}
                refund: {expires_after: never}
              plans:
                trial: {api_access: false, may_purchase: false}
                free:
                team:
                  needs_purchase: true
                  included_credits: {amount: 100_000.5, lapses: true}
              coupons:
                WELCOME: {credits: 100, expires_after: 1 month, valid_until: 2027-01-01}
                FOREVER: {credits: 1, expires_after: never}
              billing: {modes: [prepaid, invoice], net_days: 14}
            """.replacing("100_000.5", with: "100000.5")
        ).offer
        #expect(offer.credit.name == "token")
        #expect(offer.credit.value?.description == "0.01")
        #expect(offer.credit.currency == "EUR")
        #expect(offer.grants.purchased == ClassDefaults(expiresAfter: .months(12), priority: 20))
        #expect(offer.grants.promotional.expiresAfter == .days(30))
        #expect(offer.grants.promotional.expiresAtMost == .months(12))
        #expect(offer.grants.refund == ClassDefaults())
        #expect(offer.plans.map(\.name) == ["trial", "free", "team"])
        #expect(offer.plan(named: "trial")?.apiAccess == false)
        #expect(offer.plan(named: "free") == Plan(name: "free"))
        let included = try #require(offer.plan(named: "team")?.includedCredits)
        #expect(included.amount.description == "100000.5")
        #expect(included.lapses)
        let coupon = try #require(offer.coupon(code: "WELCOME"))
        #expect(coupon.expiresAfter == .months(1))
        #expect(coupon.validUntil?.description == "2027-01-01T00:00:00Z")
        #expect(coupon.neverExpires == false)
        #expect(offer.coupon(code: "FOREVER")?.neverExpires == true)
        #expect(offer.coupon(code: "FOREVER")?.expiresAfter == nil)
        #expect(offer.billing == BillingOffer(modes: [.prepaid, .invoice], netDays: 14))
    }

    @Test(arguments: [
        ("offer: 3", "line 4: offer: \"3\" is not a mapping of keys"),
        ("offer:\n  plan: {}", "line 5: offer.plan: unknown key; is `plans` meant?"),
        ("offer:\n  weather: {}", "line 5: offer.weather: unknown key; known are"),
        ("offer:\n  credit: {value: -1, currency: EUR}", "\"-1\" is not above zero"),
        ("offer:\n  credit: {value: 1}", "has a `value`, and no `currency`"),
        ("offer:\n  credit: {currency: Euro}", "\"Euro\" is not a currency of three letters"),
        ("offer:\n  grants:\n    gifts: {}", "line 6: offer.grants.gifts: unknown key"),
        ("offer:\n  grants:\n    refund: {expires_after: 3}", "\"3\" is not `never` or a time"),
        ("offer:\n  grants:\n    refund: {expires_after: 0 days}", "\"0 days\" is not `never`"),
        ("offer:\n  grants:\n    plan: {expires_after: 3 days}", "unknown key"),
        ("offer:\n  grants:\n    refund: {expires_at_most: never}", "is no bound"),
        ("offer:\n  grants:\n    refund: {priority: -1}", "must be between 0 and 1000000"),
        ("offer:\n  plans:\n    a b: {}", "the name is not 1 to 64 of"),
        ("offer:\n  plans:\n    a: {api_access: maybe}", "\"maybe\" is not one of `true`"),
        ("offer:\n  plans:\n    a: {needs_purchase: true, may_purchase: false}", "may make none"),
        ("offer:\n  plans:\n    a: {included_credits: {amount: 3}}", "the key `lapses` is missing"),
        (
            "offer:\n  plans:\n    a: {included_credits: {amount: 3, lapses: true, period: day}}",
            "\"day\" is not one of `month`"
        ),
        ("offer:\n  coupons:\n    C: {credits: 0}", "\"0\" is not above zero"),
        ("offer:\n  coupons:\n    C: {}", "the key `credits` is missing"),
        ("offer:\n  coupons:\n    C: {credits: 1, valid_until: soon}", "\"soon\" is not a time"),
        ("offer:\n  billing: {modes: [invoice]}", "must have `prepaid`"),
        ("offer:\n  billing: {modes: [barter, prepaid]}", "\"barter\" is not one of `prepaid`"),
        ("offer:\n  billing: {net_days: 1000}", "must be between 0 and 365"),
    ])
    func `what is wrong is told with its place`(text: String, expected: String) {
        let found = issues(text)
        #expect(found.contains { $0.contains(expected) }, "\(found)")
        #expect(found.count == 1, "\(found)")
    }

    @Test func `all findings come at once, in the order of lines`() {
        let found = issues(
            "offer:\n  grants: {refund: {priority: x}}\n  coupons: {C: {}}\n  billing: {a: 1}"
        )
        #expect(found.count == 3)
        #expect(
            found.map { $0.hasPrefix("line \(5 + (found.firstIndex(of: $0) ?? 9))") }
                == [true, true, true],
            "\(found)"
        )
    }

    @Test(arguments: ["cloud-paas", "gpu-hourly", "llm-gateway", "token-packs", "workspace-api"])
    func `a system's file, written out in one form, reads back the same`(system: String) throws {
        let file = try RateCardFile.load(path: packageFolder + "/config/systems/\(system).yaml")
        #expect(file.offer != Offer())
        let again = try RateCardFile.load(text: file.text, file: "again")
        #expect(again.offer == file.offer)
        #expect(again.card == file.card)
        #expect(again.text == file.text)
    }
}
