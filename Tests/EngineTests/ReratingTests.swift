import Accounting
@testable import Engine
import PostgresStore
import Quantities
import Testing

/// Goal: past requests are rated as live ones are, and what was waived stays so.
///
/// Method: requests and a card by hand.
@Suite struct ReratingTests {
    private let card = """
        rate_card: new
        unit: credits per 1,000,000 tokens
        default: {input: 7, output: 7}
        providers: {cloud: [c]}
        models:
          cloud/small:
            prices: [{from: always, input: 9, output: 9}]
          small:
            prices:
              - {from: always, input: 2, output: 2}
              - {from: 2026-03-02, input: 4, output: 4}
        """
    private static let price =
        "input 1, cache_read 1, cache_write 1, output 1, reasoning 1"

    private func line(
        model: UInt32 = 1,
        provider: UInt32 = 0,
        day: Int64 = 1,
        charge: Int,
        price: UInt32 = 1
    ) -> RatedLine {
        let cell = CorrectionCell(
            org: 1,
            day: CivilDay(number: 20_513),
            project: 0,
            key: 0,
            model: model
        )
        // 2026-03-01 is the day 20,513.
        let at = CivilDay(number: 20_512 + Int32(day)).utcStart
        return RatedLine(
            cell: cell,
            provider: provider,
            at: at,
            tokens: TokenCounts(input: 1_000_000),
            failed: false,
            cacheHit: false,
            charge: Amount(credits: charge),
            price: price
        )
    }

    private func rate(_ lines: [RatedLine]) throws -> Rerating {
        let names = NameRegistry()
        names.restore(NameDeclared(kind: .model, number: 1, name: "small"))
        names.restore(NameDeclared(kind: .model, number: 2, name: "other"))
        names.restore(NameDeclared(kind: .provider, number: 1, name: "cloud"))
        let prices: [UInt32: String] = [
            1: Self.price,
            2: "input 0, cache_read 0, cache_write 0, output 0, reasoning 0",
        ]
        var rerating = Rerating(try RerateCard(card), names: names, prices: prices)
        for line in lines { rerating.add(line) }
        return rerating
    }

    @Test func `the version, the provider and the default price are those of live rating`() throws {
        for (line, cost) in [
            (line(charge: 1), 2), (line(day: 2, charge: 1), 4), (line(provider: 1, charge: 1), 9),
            (line(model: 2, charge: 1), 7),
        ] {
            let sum = try #require(try rate([line]).organisations[1])
            #expect(sum.new == Amount(credits: cost))
            #expect(sum.changed == 1)
        }
    }

    @Test func `what was waived stays free, and what was free by its price does not`() throws {
        let waived = try #require(try rate([line(charge: 0)]).organisations[1])
        #expect(waived.unpriced == 1)
        #expect(waived.new.isZero && waived.changed == 0)
        let free = try #require(try rate([line(charge: 0, price: 2)]).organisations[1])
        #expect(free.unpriced == 0)
        #expect(free.new == Amount(credits: 2))
    }

    @Test func `what changes together is summed up, and what does not change is left out`() throws {
        let rated = try rate([line(charge: 1), line(charge: 2), line(charge: 5)])
        #expect(rated.cells.count == 1)
        let change = try #require(rated.cells.values.first)
        #expect(change.requests == 2)
        #expect(change.units == -2 * Amount.unitsPerCredit)
    }
}
