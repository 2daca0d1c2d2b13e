import Quantities
import Rating
import SettingsFiles
import Testing

/// Goal: machines on a card mean what they say, and whoever breaks one is told what and where.
///
/// Method: a golden card read and written, and a table of broken ones.
@Suite struct MachineCardTests {
    private let golden = """
        rate_card: c
        unit: credits per 1,000,000 tokens
        charge_failures: false
        charge_cache_hits: false
        default: refuse
        models: {}
        plausible_machine_prices:
          hour:
            lowest: 0.01
            highest: 1000000
        machine_unit: credits per hour and per GiB
        machines:
          gpu-s:
            aliases: ["GPU S", a10]
            prices:
              - from: always
                hour: 60
              - from: 2026-07-01
                hour: 400000
                stopped:
                  hour: 0
          standard:
            prices:
              - from: always
                vcpu_hour: 0.02
                memory_gib_hour: 0.005
                storage_gib_hour: 0.0001
                sent_gib: 0.000000000001
                stopped:
                  storage_gib_hour: 0.00005

        """

    @Test func `the canonical text reads, and is written again`() throws {
        let file = try RateCardFile.load(text: golden, file: "c")
        #expect(RateCardFile.write(file.card) == golden)
        #expect(file.card.machines.map(\.name) == ["gpu-s", "standard"])
        #expect(file.card.machines[0].aliases == ["GPU S", "a10"])
        let table = try RateTable(file.card).machines
        #expect(
            table.contents.map(\.canonicalText) == [
                "hour 60; stopped: hour 0", "hour 400000; stopped: hour 0",
                "vcpu_hour 0.02, memory_gib_hour 0.005, storage_gib_hour 0.0001, "
                    + "sent_gib 0.000000000001; stopped: vcpu_hour 0, memory_gib_hour 0, "
                    + "storage_gib_hour 0.00005",
            ]
        )
        #expect(
            file.warnings.map(\.description) == [
                #"line 28: warning: machines.standard.prices[0].sent_gib: "0.000000000001" is "#
                    + "below 0.001 credits: is it really the price of one GiB?"
            ]
        )
    }

    @Test func `a card of machines alone says nothing about tokens`() throws {
        let text = """
            rate_card: c
            machine_unit: credits per hour and per GiB
            machines: {m: {prices: [{hour: 1}]}}
            """
        let card = try RateCardFile.load(text: text, file: "c").card
        #expect(card.models.isEmpty)
        #expect(try RateCardFile.load(text: RateCardFile.write(card), file: "c").card == card)
        #expect(
            cardIssues(of: text + "\nmodels: {}") == [
                "line 1: (the file): the key `unit` is missing"
            ]
        )
    }

    /// A card of one machine; the machine's block begins on line 4.
    private static let machines: [(block: String, expected: [String])] = [
        (
            "  m:\n    prices:\n      - hour: -60",
            [#"line 6: machines.m.prices[0].hour: "-60" is negative; a price never is"#]
        ),
        (
            "  m:\n    prices:\n      - vcpu_hour: 2 ct\n        memory_gb_hour: 0.005\n"
                + "        storage_gib_hour: 0.0000000000001\n"
                + "        sent_gib: 9223372.036854775808",
            [
                "line 6: machines.m.prices[0]: the price `memory_gib_hour` is missing; write 0 if "
                    + "it is free",
                #"line 6: machines.m.prices[0].vcpu_hour: "2 ct" is not a decimal number such as "#
                    + "0.02",
                "line 7: machines.m.prices[0].memory_gb_hour: unknown key; is `memory_gib_hour` "
                    + "meant?",
                #"line 8: machines.m.prices[0].storage_gib_hour: "0.0000000000001" has more than "#
                    + "12 decimals; machine prices are credits per hour and per GiB",
                #"line 9: machines.m.prices[0].sent_gib: "9223372.036854775808" is too large for "#
                    + "a price",
            ]
        ),
        (
            "  m:\n    prices:\n      - hour: 1\n        vcpu_hour: 0.02\n        stopped:\n"
                + "          sent_gib: 1\n          hours: 2",
            [
                #"line 7: machines.m.prices[0].vcpu_hour: "0.02" stands beside `hour`; a machine "#
                    + "is charged by the hour, or by what it is allocated",
                #"line 9: machines.m.prices[0].stopped.sent_gib: "1" has no place here; the "#
                    + "machine is charged by the hour",
                "line 10: machines.m.prices[0].stopped.hours: unknown key; is `hour` meant?",
            ]
        ),
        (
            "  m:\n    prices:\n      - from: 2026-03-01\n      - {from: 2026-02-01, hour: 1}\n"
                + "      - {hour: 2, stopped: 3}",
            [
                "line 6: machines.m.prices[0]: a price is needed: `hour` for whole hours in "
                    + "advance, or `vcpu_hour`, `memory_gib_hour`, `storage_gib_hour`, `sent_gib`",
                #"line 7: machines.m.prices[1].from: "2026-02-01" is not later than the price "#
                    + "before it (2026-03-01)",
                "line 8: machines.m.prices[2]: the key `from` is missing",
                #"line 8: machines.m.prices[2].stopped: "3" is not a mapping of keys"#,
            ]
        ),
        (
            "  m:\n    aliases: [n]\n  n: 3\n  o:\n  p: {prices: []}",
            [
                "line 5: machines.m: the key `prices` is missing",
                #"line 5: machines.m.aliases[0]: "n" is already a name of the machine `n`"#,
                #"line 6: machines.n: "3" is not a mapping of keys"#,
                "line 7: machines.o: a mapping of keys is expected here",
                "line 8: machines.p.prices: at least one price is needed",
            ]
        ),
    ]

    @Test(arguments: 0..<machines.count)
    func `a broken machine is named with its line`(row: Int) {
        let (block, expected) = Self.machines[row]
        let text =
            "rate_card: c\nmachine_unit: credits per hour and per GiB\nmachines:\n" + block
        #expect(cardIssues(of: text) == expected)
    }

    @Test func `a card without the machines' unit, or with another, is refused`() {
        #expect(
            cardIssues(of: "rate_card: c\nmachines: {m: {prices: [{hour: 1}]}}") == [
                "line 1: (the file): the key `machine_unit` is missing"
            ]
        )
        #expect(
            cardIssues(of: "rate_card: c\nmachine_unit: USD per month\nmachines:\n") == [
                #"line 2: machine_unit: "USD per month" is not the unit of a rate card; the only "#
                    + "one is `credits per hour and per GiB`",
                "line 3: (the file): the key `machines` is missing",
            ]
        )
        #expect(
            cardIssues(
                of: cardText("  m: {prices: [{input: 1, output: 1}]}\n")
                    + "plausible_machine_prices:\n  hour: {lowest: 2, highest: 1}\n  day: {}\n"
            ) == [
                #"line 6: plausible_machine_prices.hour.lowest: "2" is above `highest`"#,
                "line 7: plausible_machine_prices.day: unknown key; known are `hour`, "
                    + "`vcpu_hour`, `memory_gib_hour`, `storage_gib_hour`, `sent_gib`",
            ]
        )
    }

    // MARK: - In words

    @Test func `the check tells machines, their prices and an example`() throws {
        let file = try RateCardFile.load(text: golden, file: "c.yaml")
        let june = try #require(Timestamp(rfc3339: "2026-06-01T00:00:00Z".utf8))
        let check = try RateCardCheck(file, at: june)
        #expect(
            check.text == """
                rate card c, credits per 1,000,000 tokens
                  0 models, 2 machines, 3 price versions, 1 warning
                  failed requests are free; gateway cache hits are free; unknown models are refused
                c.yaml:28:19: warning: machines.standard.prices[0].sent_gib: "0.000000000001" is \
                below 0.001 credits: is it really the price of one GiB?
                example run: 1 h 30 min 30 s, charged by the hour, or by allocation with 2 vCPU, \
                4 GiB of memory, 20 GiB of storage and 1.5 GiB sent
                gpu-s (also GPU S, a10), whole hours in advance: example 120 credits
                  from always (now)
                    hour 60; while stopped: hour free
                  from 2026-07-01
                    hour 400000; while stopped: hour free
                standard, continuously by allocation: example 0.093516666668 credits
                  from always (now)
                    vcpu_hour 0.02, memory_gib_hour 0.005, storage_gib_hour 0.0001, \
                sent_gib 0.000000000001
                    while stopped: vcpu_hour free, memory_gib_hour free, storage_gib_hour 0.00005

                """
        )
        #expect(check.machines.map(\.example) == ["120", "0.093516666668"])
        #expect(check.machines.map(\.mode) == ["hourly", "continuous"])
        #expect(check.machines.map(\.versions) == [2, 1])
        #expect(check.machines[0].price == "hour 60; stopped: hour 0")
    }

    @Test func `a dry run shows what changes for machines`() throws {
        let old = """
            rate_card: c
            machine_unit: credits per hour and per GiB
            machines:
              away: {prices: [{hour: 1}]}
              gpu: {aliases: [a], prices: [{hour: 60}]}
              other: {prices: [{hour: 5}]}
              std:
                prices:
                  - {vcpu_hour: 0.02, memory_gib_hour: 0.005, storage_gib_hour: 0.0001, sent_gib: 0}
            """
        let new = """
            rate_card: c
            machine_unit: credits per hour and per GiB
            machines:
              std:
                prices:
                  - vcpu_hour: 0.03
                    memory_gib_hour: 0.0050
                    storage_gib_hour: 0.0002
                    sent_gib: 0.09
                    stopped: {storage_gib_hour: 0}
              gpu:
                prices: [{hour: 65, stopped: {hour: 1}}, {from: 2026-03-01, hour: 70}]
              other: {prices: [{hour: 5.0, stopped: {hour: 0}}]}
              more: {prices: [{hour: 1}]}
            """
        let before = try RateCardFile.load(text: old, file: "old").card
        let after = try RateCardFile.load(text: new, file: "new").card
        let diff = RateCardDiff(old: before, new: after)
        #expect(
            diff.description == """
                1 added, 1 removed, 8 changed
                - machine away
                + machine more
                ~ machine std, from always: vcpu_hour 0.02 -> 0.03
                ~ machine std, from always: storage_gib_hour 0.0001 -> 0.0002
                ~ machine std, from always: sent_gib 0 -> 0.09
                ~ machine std, from always: stopped storage_gib_hour 0.0001 -> 0
                ~ machine gpu: aliases a -> (none)
                ~ machine gpu, from always: hour 60 -> 65
                ~ machine gpu, from always: stopped hour 0 -> 1
                ~ machine gpu, from 2026-03-01: version (none) -> hour 70; stopped: hour 0

                """
        )
        #expect(diff.addedMachines == ["more"])
        #expect(diff.removedMachines == ["away"])
        #expect(diff.added.isEmpty)
        #expect(RateCardDiff(old: after, new: after).isEmpty)
        // Another way of charging is another version, in full.
        var hourly = after
        hourly.machines[0].versions[0].running = WrittenMachinePrices([
            .hour: MachinePrice(units: 1_000_000_000_000)
        ])
        hourly.machines[0].versions[0].stopped = WrittenMachinePrices()
        let change = try #require(RateCardDiff(old: after, new: hourly).changes.first)
        #expect(change.what == "version")
        #expect(change.new == "hour 1; stopped: hour 0")
        #expect(change.machine == "std")
    }
}
