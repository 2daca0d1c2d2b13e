import Accounting
import Crypto
import PostgresStore
import Quantities
import Rating
import SettingsFiles

/// A card that past requests are rated by.
struct RerateCard: Sendable {
    let table: RateTable
    let name: String
    let digest: String

    /// A card's text in pieces that fit a record each.
    static func pieces(_ text: String) -> [String] {
        var pieces = [""]
        var bytes = 0
        for scalar in text.unicodeScalars {
            let width = UTF8.width(scalar)
            if bytes + width > mostBytes {
                pieces.append("")
                bytes = 0
            }
            pieces[pieces.count - 1].unicodeScalars.append(scalar)
            bytes += width
        }
        return pieces
    }

    private static let mostBytes = 32_768

    /// Reads and compiles a card.
    init(_ text: String) throws(AdministrationError) {
        do throws(SettingsError) {
            let file = try RateCardFile.load(text: text, file: "card")
            name = file.card.name
            table = try RerateCard.compile(file.card)
        } catch {
            throw .invalid(field: "card", message: error.description)
        }
        digest = SHA256.hash(data: Array(text.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }

    private static func compile(_ card: RateCard) throws(SettingsError) -> RateTable {
        do throws(RateCardError) {
            return try RateTable(card)
        } catch {
            // Reading has refused every card with errors.
            invariantBroken("a card that was read compiles")
        }
    }
}

/// What past requests cost by another card, summed up by what is corrected together.
struct Rerating: Sendable {
    struct Change: Sendable {
        var requests: UInt64 = 0
        var units: Int128 = 0
    }

    /// More corrections than this are not kept in memory at once.
    static let mostCells = 2_000_000

    private(set) var cells: [CorrectionCell: Change] = [:]
    private(set) var organisations: [UInt32: RerateOrganisation] = [:]
    private(set) var isTooLarge = false

    private let table: RateTable
    private let names: NameRegistry
    private let prices: [UInt32: String]
    private var models: [UInt64: Int?] = [:]

    init(_ card: RerateCard, names: NameRegistry, prices: [UInt32: String]) {
        table = card.table
        self.names = names
        self.prices = prices
    }

    /// Rates a request as live running does: by the version in force when it happened.
    mutating func add(_ line: RatedLine) {
        var sum = organisations[line.cell.org] ?? RerateOrganisation(name: "")
        defer { organisations[line.cell.org] = sum }
        sum.requests += 1
        if line.isSettled || (line.refunded.isPositive && line.refunded >= line.charge) {
            sum.refunded += 1
            return
        }
        let paid = line.charge - line.refunded
        sum.old += paid
        guard let charge = charge(line) else {
            sum.unpriced += 1
            sum.new += paid
            return
        }
        // What was given back stays so: never is more given back than was paid in the end.
        let owed = max(charge - line.refunded, .zero)
        sum.new += owed
        guard owed != paid else { return }
        sum.changed += 1
        guard cells.count < Rerating.mostCells || cells[line.cell] != nil else {
            isTooLarge = true
            return
        }
        cells[line.cell, default: Change()].requests += 1
        cells[line.cell, default: Change()].units += owed.units - paid.units
    }

    /// What a request costs by the card; nil where it has no price for it, or terms waived it.
    mutating func charge(_ line: RatedLine) -> Amount? {
        guard let model = model(line.cell.model, line.provider),
            let version = table.version(of: model, at: line.at), !isWaived(line)
        else { return nil }
        return table.charge(
            line.tokens,
            version: version,
            failed: line.failed,
            cacheHit: line.cacheHit
        )?.amount
    }

    /// Whether nothing was charged although the request's own price asks for it.
    ///
    /// The account's terms have waived it, and another price does not take that back.
    private func isWaived(_ line: RatedLine) -> Bool {
        guard line.charge.isZero, !line.failed, !line.cacheHit, let text = prices[line.price],
            let content = PriceContent(canonicalText: text)
        else { return false }
        guard let tier = content.tiers.last(where: { $0.firstInput <= line.tokens.input }) else {
            return false
        }
        return tier.prices.charge(line.tokens).isPositive
    }

    /// The card's model behind a request's numbers; looked up once for each pair.
    private mutating func model(_ number: UInt32, _ provider: UInt32) -> Int? {
        let pair = UInt64(number) << 32 | UInt64(provider)
        if let known = models[pair] { return known }
        var found: Int?
        if let name = names.name(.model, number) {
            let from = provider == 0 ? nil : names.name(.provider, provider)
            switch table.model(named: name, provider: from) {
            case .listed(let model), .byDefault(let model): found = model
            case .unknown: found = nil
            }
        }
        models[pair] = .some(found)
        return found
    }
}
