import Quantities
import Rating

/// Reads `packs:`, `custom:`, `top_up:` and `connectors:`: what is sold, and how it is paid for.
enum PurchaseReader {
    /// Reads the four sections.
    ///
    /// - Parameters:
    ///   - map: The offer.
    ///   - credit: What a credit is worth, which is what one costs unless `custom` says otherwise.
    /// - Returns: What is sold.
    static func read(_ map: inout YamlMapping, credit: CreditUnit) -> PurchaseOffer {
        var offer = PurchaseOffer()
        let packs = map.optional("packs")
        if let packs { offer.packs = readPacks(packs) }
        let custom = map.optional("custom")
        if let custom { offer.custom = readCustom(custom, worth: credit.value) }
        if let section = map.optional("connectors") { readConnectors(section, into: &offer) }
        let topUp = map.optional("top_up")
        if let topUp { offer.topUp = readTopUp(topUp, &offer) }
        if let sold = packs ?? custom, credit.currency == nil {
            sold.refuse("needs `credit.currency`: what is sold has a price in a currency")
        }
        return offer
    }

    private static func readPacks(_ value: YamlValue) -> [Pack] {
        guard let map = value.mapping() else { return [] }
        return map.all.compactMap { name, value in
            guard value.isName(name), var map = value.mapping() else { return nil }
            let credits = map.required("credits")?.positiveAmount()
            let price = map.required("price")?.notNegativeAmount()
            map.refuseRest()
            guard let credits, let price else { return nil }
            return Pack(name: name, credits: credits, price: price)
        }
    }

    private static func readCustom(_ value: YamlValue, worth: Amount?) -> CustomAmounts? {
        guard var map = value.mapping() else { return nil }
        let price = map.optional("price")
        var custom = CustomAmounts(price: price?.positiveAmount() ?? worth ?? .zero)
        if price == nil, worth == nil {
            value.refuse("says no `price` of a credit, nor does `credit.value`")
        }
        custom.whole = map.optional("whole")?.boolean() ?? false
        custom.minimum = map.optional("minimum")?.positiveAmount()
        let maximum = map.optional("maximum")
        custom.maximum = maximum?.positiveAmount()
        if let most = custom.maximum, most < custom.minimum ?? .zero {
            maximum?.refuse("is below `minimum`")
        }
        map.refuseRest()
        return custom
    }

    private static func readTopUp(_ value: YamlValue, _ offer: inout PurchaseOffer) -> TopUpOffer {
        var topUp = TopUpOffer()
        guard var map = value.mapping() else { return topUp }
        topUp.allowed = map.optional("allowed")?.boolean() ?? true
        topUp.monthlyLimit = map.optional("monthly_limit")?.positiveAmount()
        readWaits(&map, &topUp.retryAfterSeconds, &topUp.retryAtMostSeconds)
        map.refuseRest()
        return topUp
    }

    private static func readWaits(_ map: inout YamlMapping, _ first: inout Int, _ most: inout Int) {
        if let seconds = map.optional("retry_after_s")?.whole(in: 1...604_800) { first = seconds }
        let value = map.optional("retry_at_most_s")
        if let seconds = value?.whole(in: 1...604_800) { most = seconds }
        if most < first {
            if let value {
                value.refuse("is below `retry_after_s`, \(first)")
            } else {
                most = first
            }
        }
    }

    // MARK: - Connectors

    private static func readConnectors(_ value: YamlValue, into offer: inout PurchaseOffer) {
        guard var map = value.mapping() else { return }
        let chosen = map.optional("default")
        for (name, value) in map.all where name != "default" {
            _ = map.optional(name)
            guard value.isName(name), let connector = readConnector(name, value) else { continue }
            offer.connectors.append(connector)
        }
        if let chosen, let name = chosen.text() {
            offer.connector = name
            if offer.connector(named: name) == nil {
                chosen.refuse("is no connector of this file, nor `manual`")
            }
        } else if let only = offer.connectors.first, offer.connectors.count == 1 {
            offer.connector = only.name
        }
    }

    private static func readConnector(_ name: String, _ value: YamlValue) -> Connector? {
        guard var map = value.mapping() else { return nil }
        guard let list = map.required("command"), let items = list.list() else { return nil }
        let arguments = items.compactMap { $0.text() }
        if name == PurchaseOffer.manual {
            value.refuse("is the name of the connector that needs no program; choose another")
        }
        if arguments.first?.hasPrefix("/") != true {
            list.refuse("does not begin with the whole path of a program, such as /usr/bin/charge")
        }
        var command = CommandConnector(arguments: arguments)
        if let seconds = map.optional("timeout_s")?.whole(in: 1...3_600) {
            command.timeoutSeconds = seconds
        }
        readWaits(&map, &command.retryAfterSeconds, &command.retryAtMostSeconds)
        map.refuseRest()
        return Connector(name: name, kind: .command(command))
    }
}

extension YamlValue {
    /// The value as an amount that is not below zero.
    fileprivate func notNegativeAmount() -> Amount? {
        guard let amount = amount() else { return nil }
        guard !amount.isNegative else {
            refuse("is below zero")
            return nil
        }
        return amount
    }
}
