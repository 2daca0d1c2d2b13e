import Rating

/// Reads `refunds:`, what is given back.
enum RefundsReader {
    static func read(_ value: YamlValue) -> RefundsOffer {
        var refunds = RefundsOffer()
        guard var map = value.mapping() else { return refunds }
        refunds.unusedPurchased = map.optional("unused_purchased")?.boolean() ?? false
        map.refuseRest()
        return refunds
    }
}
