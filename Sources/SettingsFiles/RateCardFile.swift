import Rating

/// A rate card in YAML, with the system's offer: reading it, and writing it so that it reads back
/// identical.
///
/// Units: prices are decimals in credits per 1,000,000 tokens, those of machines in credits per
/// hour and per GiB; their text is read, so that no price passes through floating point.
public struct RateCardFile: Sendable, Hashable {
    /// The file's name, as messages give it.
    public let file: String
    /// The card.
    public let card: RateCard
    /// What the system sells and to whom, beside what it charges.
    public let offer: Offer
    /// The offer as YAML in one form, with its key; empty where the file has none.
    public let offerText: String
    /// What looks wrong although the card was taken, in the order of lines.
    public let warnings: [YamlIssue]

    /// The only unit of prices of tokens on a card.
    public static let unit = "credits per 1,000,000 tokens"
    /// The only unit of prices of machines on a card; a GiB is 2^30 bytes.
    public static let machineUnit = "credits per hour and per GiB"

    /// Reads a card from a file.
    ///
    /// - Parameter path: The file's path.
    /// - Returns: The card, and warnings.
    /// - Throws: `SettingsError`; when the card is wrong, with every error and its line.
    public static func load(path: String) throws(SettingsError) -> RateCardFile {
        try load(text: TextFile.read(path), file: path)
    }

    /// Reads a card from text.
    ///
    /// - Parameters:
    ///   - text: The YAML.
    ///   - file: The file's name, for messages.
    /// - Returns: The card, and warnings.
    /// - Throws: `SettingsError`; when the card is wrong, with every error and its line.
    public static func load(text: String, file: String) throws(SettingsError) -> RateCardFile {
        let document = try YamlDocument(text: text, file: file)
        var reader = RateCardReader(document)
        let card = reader.read()
        try document.report.check()
        return RateCardFile(
            file: file,
            card: card,
            offer: reader.offer,
            offerText: reader.offerText,
            warnings: document.report.warnings
        )
    }

    /// Card and offer as YAML in one form, which reads back to the same.
    public var text: String { RateCardFile.write(card) + offerText }
}
