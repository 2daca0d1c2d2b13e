/// What a reported model name means on a card.
public enum ModelMatch: Sendable, Hashable {
    /// The model with this number.
    case listed(Int)
    /// No model of the card; the card's default price has this number.
    case byDefault(Int)
    /// No model of the card, and the card refuses such.
    case unknown
}

/// Names to numbers, for the moment when a connection first mentions a name.
struct NameTable: Sendable {
    private let models: [String: Int]
    private let providers: [String: String]

    init() {
        models = [:]
        providers = [:]
    }

    init(_ card: RateCard) {
        var models: [String: Int] = [:]
        for (number, model) in card.models.enumerated() {
            for name in [model.name] + model.aliases { models[name] = number }
        }
        var providers: [String: String] = [:]
        for provider in card.providers {
            for name in [provider.name] + provider.aliases { providers[name] = provider.name }
        }
        self.models = models
        self.providers = providers
    }

    func model(named name: String, provider: String?) -> Int? {
        if let provider {
            let canonical = providers[provider] ?? provider
            if let number = models["\(canonical)/\(name)"] { return number }
        }
        if let number = models[name] { return number }
        // "claude/sonnet", where the card knows "claude" as another name of a provider.
        guard let slash = name.firstIndex(of: "/"),
            let canonical = providers[String(name[..<slash])]
        else { return nil }
        let rest = name[name.index(after: slash)...]
        return models["\(canonical)/\(rest)"] ?? models[String(rest)]
    }
}

extension RateTable {
    /// What a model name means, as a gateway reports it.
    ///
    /// The first that exists on the card wins, among names and aliases alike:
    /// 1. `provider/model`, when a provider is reported (by its name on the card, if it has one);
    /// 2. `model` as it stands: a model costs the same at every provider that has no entry of its
    ///    own;
    /// 3. for a `model` of the form `p/m` where `p` is a provider of the card: its `provider/m`,
    ///    then `m`;
    /// 4. the default price, if the card sets one.
    ///
    /// - Parameters:
    ///   - name: The reported model name; letter case counts.
    ///   - provider: The reported provider, if there is one.
    /// - Returns: The model's number, the default price's, or that it is unknown.
    public func model(named name: String, provider: String? = nil) -> ModelMatch {
        if let number = names.model(named: name, provider: provider) { return .listed(number) }
        if let defaultModel { return .byDefault(defaultModel) }
        return .unknown
    }
}
