import Quantities
import Rating

extension RateCardCheck {
    /// What is sold and how it is paid for, a line each; nothing where nothing is sold.
    func purchaseLines(_ offer: Offer) -> [String] {
        let sold = offer.purchases
        if sold.isEmpty { return [] }
        let currency = offer.credit.currency.map { "\($0) " } ?? ""
        var lines = sold.packs.map { pack in
            "pack \(pack.name): \(pack.credits) for \(currency)\(pack.price)"
        }
        if let custom = sold.custom {
            var text = custom.whole ? "any whole number of credits" : "any amount"
            if let least = custom.minimum { text += " from \(least) on" }
            if let most = custom.maximum { text += " up to \(most)" }
            lines.append("\(text), at \(currency)\(custom.price) a credit")
        }
        lines.append(words(sold.topUp, currency))
        lines += sold.connectors.map { words($0, isDefault: $0.name == sold.connector) }
        return lines
    }

    private func words(_ topUp: TopUpOffer, _ currency: String) -> String {
        guard topUp.allowed else { return "top-ups: none" }
        let limit =
            topUp.monthlyLimit.map {
                "for \(currency)\($0) a month unless an account says otherwise"
            }
            ?? "without a limit unless an account says one"
        return "top-ups: \(limit); after a failure again in \(topUp.retryAfterSeconds) s, "
            + "at most \(topUp.retryAtMostSeconds) s"
    }

    private func words(_ connector: Connector, isDefault: Bool) -> String {
        var text = "connector \(connector.name)"
        if case .command(let command) = connector.kind {
            text +=
                ": \(command.arguments.joined(separator: " ")), at most "
                + "\(command.timeoutSeconds) s"
        }
        return text + (isDefault ? ", unless a purchase names another" : "")
    }
}
