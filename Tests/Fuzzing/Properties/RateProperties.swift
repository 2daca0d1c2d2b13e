import Quantities
import Rating
import SettingsFiles

/// Goal: a rate card is refused, or prices everything in one way.
///
/// Input: a rate card's YAML; where it begins with `{`, LiteLLM's JSON as well.
///
/// Properties: what was read, written out and read again is the same, offers too; it makes a table
/// whose charges are the sums of their parts, never negative, never above their ceiling, and the
/// same when made again from a price's durable text. The price of a machine reads back from its
/// durable text, and a run's total is the same however its time is split.
enum RateProperties {
    static func check(_ input: UnsafeRawBufferPointer) throws(BrokenPromise) {
        guard let text = input.validText else { return }
        let first = load(text)
        let second = load(text)
        try promise(first == second, "\(first), and then \(second)")
        if case .success(let card) = first {
            try check(card)
            try check(file: text)
        }
        guard text.hasPrefix("{") else { return }
        do throws(SettingsError) {
            let list = try LiteLLMImport(text: text, file: "prices")
            _ = list.report.text
            let yaml = list.yaml(source: "prices")
            guard case .success(let card) = load(yaml) else {
                throw .invalid(file: "ours", issues: [])
            }
            try check(imported: list.card, card)
        } catch {
            guard case .invalid(let file, _) = error, file == "ours" else { return }
            throw BrokenPromise("an imported list, written out, is refused")
        }
    }

    /// Card and offer, written out in one form, read back the same.
    private static func check(file text: String) throws(BrokenPromise) {
        let file: RateCardFile
        let again: RateCardFile
        do throws(SettingsError) {
            file = try RateCardFile.load(text: text, file: "card")
            again = try RateCardFile.load(text: file.text, file: "card")
        } catch {
            throw BrokenPromise("a file that was taken, written out, is refused: \(error)")
        }
        try promise(again.offer == file.offer, "an offer became another: \(file.offer)")
        try promise(again.text == file.text, "a text became another: \(file.text)")
    }

    private static func check(
        imported: RateCard,
        _ read: RateCard
    ) throws(SettingsError) {
        if imported != read { throw .invalid(file: "ours", issues: []) }
    }

    private static func check(_ card: RateCard) throws(BrokenPromise) {
        switch load(RateCardFile.write(card, comment: ["again"])) {
        case .failure(let complaint):
            throw BrokenPromise("a card that was taken, written out, is refused: \(complaint)")
        case .success(let again):
            try promise(again == card, "a card became another: \(card) and \(again)")
        }
        let table: RateTable
        do throws(RateCardError) {
            table = try RateTable(card)
        } catch {
            throw BrokenPromise("a card that was taken makes no table: \(error)")
        }
        for version in 0..<min(table.versionCount, 16) { try check(table, version) }
        for content in table.machines.contents.prefix(16) { try check(content) }
    }

    private static func check(_ content: MachineContent) throws(BrokenPromise) {
        guard let again = MachineContent(canonicalText: content.canonicalText) else {
            throw BrokenPromise("no price of a machine: \(content.canonicalText)")
        }
        try promise(again == content, "\(content) became \(again)")
        let allocation = MachineAllocation(
            vcpuThousandths: 2_000,
            memoryThousandths: .max,
            storageThousandths: 1
        )
        for state in MachineState.allCases {
            let rate = content.burnRate(state, allocation)
            let (first, second) = (1_234_567_891 as Int64, 86_400_000_001 as Int64)
            guard let whole = RunTotal.zero.adding(first + second, at: rate),
                let split = RunTotal.zero.adding(first, at: rate)?.adding(second, at: rate),
                let sent = whole.adding(sentBytes: .max, at: content.sentGib)
            else { throw BrokenPromise("\(content) has no total") }
            try promise(whole == split, "\(content): \(whole) is \(split) in two parts")
            try promise(sent.rounded >= whole.rounded, "\(content): \(sent) after \(whole)")
            guard let time = whole.microseconds(coveredBy: Amount(credits: 1), at: rate) else {
                throw BrokenPromise("\(content): a credit lasts for no time at all")
            }
            let after = whole.adding(time, at: rate)?.debit(after: whole.rounded)
            let isWithin = after.map { $0 <= Amount(credits: 1) } ?? false
            try promise(isWithin, "\(content): \(time) us cost more than a credit")
        }
    }

    private static let counts = [
        TokenCounts(),
        TokenCounts(input: 1, output: 1),
        TokenCounts(input: 1000, cacheRead: 600, cacheWrite: 100, output: 50, reasoning: 20),
        TokenCounts(input: 200_000, cacheRead: 200_000),
        TokenCounts(input: 200_001, cacheWrite: 200_001, output: 7, reasoning: 7),
        TokenCounts(input: .max, cacheRead: .max, output: .max, reasoning: .max),
        TokenCounts(input: .max, output: .max),
    ]

    private static func check(_ table: RateTable, _ version: Int) throws(BrokenPromise) {
        let content = table.content(ofVersion: version)
        guard let again = PriceContent(canonicalText: content.canonicalText) else {
            throw BrokenPromise("no price: \(content.canonicalText)")
        }
        try promise(again == content, "\(content) became \(again)")
        let other = RateTable(pricing: again, policy: table.policy)
        for tokens in counts {
            guard let charge = table.charge(tokens, version: version),
                let parts = table.breakdown(tokens, version: version)
            else { throw BrokenPromise("\(tokens) has no price") }
            let sum = parts.reduce(Amount.zero) { $0 + $1.amount }
            try promise(sum == charge.amount, "\(tokens): the parts are \(sum) of \(charge)")
            try promise(charge.amount >= .zero, "\(tokens) cost \(charge.amount)")
            let ceiling = table.ceiling(
                maxInput: tokens.input,
                maxOutput: tokens.output,
                version: version
            )
            try promise(charge.amount <= ceiling, "\(tokens) cost more than \(ceiling)")
            try promise(other.charge(tokens, version: 0) == charge, "\(tokens) cost otherwise")
        }
    }

    private enum Outcome: Equatable {
        case success(RateCard)
        case failure(String)
    }

    private static func load(_ text: String) -> Outcome {
        do throws(SettingsError) {
            return .success(try RateCardFile.load(text: text, file: "card").card)
        } catch {
            return .failure(error.description.comparable)
        }
    }
}
