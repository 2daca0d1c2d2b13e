import Quantities
import Rating
@testable import SettingsFiles
import Testing

/// Goal: what is sold is read exactly, and what is wrong with it is said with its line.
@Suite struct PurchaseOfferTests {
    private func file(_ offer: String) throws -> RateCardFile {
        let card = """
            rate_card: x
            unit: credits per 1,000,000 tokens
            models: {}
            default: {input: 1, output: 1}
            offer:

            """
        let lines = offer.split(separator: "\n").map { "  \($0)\n" }.joined()
        return try RateCardFile.load(text: card + lines, file: "x.yaml")
    }

    private func amount(_ text: String) throws -> Amount { try Amount(decimal: text) }

    @Test func `packs, custom amounts, top-ups and connectors are read`() throws {
        let sold = try file(
            """
            credit: {name: credit, value: 0.01, currency: USD}
            packs:
              small: {credits: 500, price: 5}
              large: {credits: 1000.5, price: 9.99}
            custom: {minimum: 100, maximum: 5000, whole: true}
            top_up: {monthly_limit: 50, retry_after_s: 7, retry_at_most_s: 70}
            connectors:
              default: card
              card: {command: [/usr/bin/charge, --live], timeout_s: 9, retry_after_s: 2}
              bank: {command: [/usr/bin/bank]}
            """
        ).offer.purchases
        #expect(sold.packs.map(\.name) == ["small", "large"])
        #expect(sold.pack(named: "large")?.credits == (try amount("1000.5")))
        #expect(sold.pack(named: "large")?.price == (try amount("9.99")))
        #expect(sold.custom?.price == (try amount("0.01")))
        #expect(sold.custom?.price(of: try amount("250")) == (try amount("2.5")))
        #expect(sold.custom?.whole == true)
        #expect(sold.custom?.minimum == (try amount("100")))
        #expect(sold.topUp.allowed)
        #expect(sold.topUp.monthlyLimit == (try amount("50")))
        #expect(sold.topUp.retryAfterSeconds == 7 && sold.topUp.retryAtMostSeconds == 70)
        #expect(sold.connector == "card")
        guard case .command(let command) = sold.connector(named: "card")?.kind else {
            Issue.record("no command")
            return
        }
        #expect(command.arguments == ["/usr/bin/charge", "--live"])
        #expect(command.timeoutSeconds == 9 && command.retryAfterSeconds == 2)
        #expect(sold.connector(named: "manual")?.kind == .manual)
        #expect(sold.connector(named: "other") == nil)
    }

    @Test func `an offer without them sells nothing and has defaults`() throws {
        let sold = try file("credit: {name: credit}").offer.purchases
        #expect(sold.isEmpty && sold.connector == "manual" && sold == PurchaseOffer())
    }

    static let broken: [(offer: String, said: String)] = [
        ("packs: {a: {credits: 1, price: 1}}", "needs `credit.currency`"),
        ("credit: {currency: EUR}\npacks: {a: {credits: 0, price: 1}}", "is not above zero"),
        ("credit: {currency: EUR}\npacks: {a: {credits: 1, price: -1}}", "is below zero"),
        ("credit: {currency: EUR}\npacks: {a: {price: 1}}", "the key `credits` is missing"),
        ("credit: {currency: EUR}\npacks: {\"a b\": {credits: 1, price: 1}}", "the name is not"),
        ("credit: {currency: EUR}\npacks: {a: {credits: 1, price: 1, cost: 2}}", "unknown key"),
        ("credit: {currency: EUR}\ncustom: {}", "says no `price`"),
        ("credit: {currency: EUR, value: 1}\ncustom: {minimum: 5, maximum: 4}", "below `minimum`"),
        ("top_up: {retry_after_s: 9, retry_at_most_s: 8}", "is below `retry_after_s`, 9"),
        ("top_up: {retry_after_s: 0}", "must be between 1"),
        ("top_up: {monthly_limit: 0}", "is not above zero"),
        ("top_up: {allowed: maybe}", "is not one of"),
        ("connectors: {card: {command: [charge]}}", "whole path of a program"),
        ("connectors: {card: {}}", "the key `command` is missing"),
        ("connectors: {default: gone}", "is no connector of this file"),
        ("connectors: {manual: {command: [/bin/true]}}", "needs no program"),
    ]

    @Test(arguments: broken)
    func `what is wrong is said`(offer: String, said: String) {
        do {
            _ = try file(offer)
            Issue.record("it was taken: \(offer)")
        } catch {
            #expect("\(error)".contains(said), "\(error)")
            #expect("\(error)".contains("x.yaml:"), "\(error)")
        }
    }
}
