import Rating

/// Reads `billing:`, how accounts may be billed.
enum BillingReader {
    static func read(_ value: YamlValue) -> BillingOffer {
        var billing = BillingOffer()
        guard var map = value.mapping() else { return billing }
        if let value = map.optional("modes") {
            let choices = BillingOffer.Mode.allCases.map { (word: $0.rawValue, meaning: $0) }
            let modes = (value.list() ?? []).compactMap { $0.choice(choices) }
            if value.isList, !modes.contains(.prepaid) {
                value.refuse("must have `prepaid`, which every account begins with")
            }
            billing.modes = Set(modes)
        }
        billing.netDays = map.optional("net_days")?.whole(in: 0...365) ?? billing.netDays
        map.refuseRest()
        return billing
    }
}
