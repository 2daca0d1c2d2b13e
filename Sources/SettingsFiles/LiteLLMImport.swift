import Quantities
import Rating

/// A rate card made from LiteLLM's price list, and a report on what was and was not carried.
///
/// The list is JSON, which is YAML as well; its numbers are read as text, so that the noise that
/// doubles left in some of them is seen and reported.
///
/// What is carried: the standard price per token of the classes that a rate card knows, with cliffs
/// (`*_above_200k_tokens`, `tiered_pricing`). What is not: prices of service levels (batch,
/// priority, flex), of hours of the day, of caches kept for an hour, and of anything that is not a
/// token.
public struct LiteLLMImport: Sendable {
    /// The card; it has no errors.
    public let card: RateCard
    /// What was carried, rounded, set by a rule and left out.
    public let report: LiteLLMReport

    /// Entries of the list that are no models.
    private static let notModels = ["sample_spec", "fallback_generalizations"]

    /// Reads a price list from a file.
    ///
    /// - Parameters:
    ///   - path: The list's path.
    ///   - name: The card's name.
    /// - Throws: `SettingsError` when it cannot be read, or is no such list.
    public init(path: String, name: String = "litellm") throws(SettingsError) {
        try self.init(text: TextFile.read(path), file: path, name: name)
    }

    /// Reads a price list.
    ///
    /// - Parameters:
    ///   - text: The list, as JSON.
    ///   - file: Its name, for messages.
    ///   - name: The card's name.
    /// - Throws: `SettingsError` when it is no such list.
    public init(text: String, file: String, name: String = "litellm") throws(SettingsError) {
        let document = try YamlDocument(text: text, file: file)
        var report = LiteLLMReport()
        var kinds: [String: Int] = [:]
        var models: [ModelRates] = []
        for (name, value) in document.root.mapping()?.all ?? [] where name != "sample_spec" {
            report.entries += 1
            if LiteLLMImport.notModels.contains(name) {
                report.skipped.append(LiteLLMReport.Skipped(model: name, reason: "not a model"))
                continue
            }
            guard let map = value.mapping() else { continue }
            var entry = LiteLLMEntry(name: name)
            let result = entry.read(map)
            report.published += entry.published
            report.publishedExact += entry.publishedExact
            for kind in entry.notCarried { kinds[kind, default: 0] += 1 }
            switch result {
            case .skipped(let reason):
                report.skipped.append(LiteLLMReport.Skipped(model: name, reason: reason))
            case .model(let model, let isFree):
                models.append(model)
                report.take(entry, model, isFree: isFree)
            }
        }
        try document.report.check()
        report.notCarried = kinds.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
            LiteLLMReport.NotCarried(kind: $0.key, count: $0.value)
        }
        (card, self.report) = LiteLLMImport.checked(
            RateCard(name: name, models: models),
            report
        )
    }

    /// The card as YAML, under a comment that says where it comes from and what was rounded.
    ///
    /// - Parameter source: Where the list comes from, in a few words.
    /// - Returns: The file's text, which `RateCardFile.load` reads.
    public func yaml(source: String) -> String {
        var comment = ["Made from the LiteLLM price list: \(source).", ""]
        comment += report.summary.split(separator: "\n").map(String.init)
        if !report.rounded.isEmpty {
            comment += ["", "Rounded half to even, as published -> as carried:"]
            comment += report.rounded.map {
                "  \($0.model) \($0.field): \($0.published) -> \($0.carried)"
            }
        }
        return RateCardFile.write(card, comment: comment)
    }

    /// Leaves out the models that the card itself finds wrong, and takes over its warnings.
    private static func checked(
        _ card: RateCard,
        _ report: LiteLLMReport
    ) -> (RateCard, LiteLLMReport) {
        var card = card
        var report = report
        var wrong: [String: String] = [:]
        for finding in card.findings {
            guard finding.severity == .error, finding.path.count > 1,
                case .key(let model) = finding.path[1]
            else {
                report.warnings.append("\(finding)")
                continue
            }
            wrong[model] = wrong[model] ?? "\(finding)"
        }
        card.models.removeAll { wrong[$0.name] != nil }
        for (model, reason) in wrong.sorted(by: { $0.key < $1.key }) {
            report.skipped.append(LiteLLMReport.Skipped(model: model, reason: reason))
        }
        report.models = card.models.count
        return (card, report)
    }
}

extension LiteLLMReport {
    /// Adds what became of a carried entry.
    fileprivate mutating func take(_ entry: LiteLLMEntry, _ model: ModelRates, isFree: Bool) {
        carried += entry.carried
        rounded += entry.rounded
        assumed += entry.assumed
        tiers += model.versions.reduce(0) { $0 + $1.tiers.count }
        if isFree { freeModels.append(model.name) }
    }
}
