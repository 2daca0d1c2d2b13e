import Rating

/// Reads `coupons:`, the codes that give credits.
enum CouponsReader {
    static func read(_ value: YamlValue) -> [Coupon] {
        guard let map = value.mapping() else { return [] }
        var coupons: [Coupon] = []
        for (code, entry) in map.all where entry.isName(code) {
            guard var map = entry.mapping() else { continue }
            let credits = map.required("credits")?.positiveAmount()
            let life = map.optional("expires_after")?.lifetime()
            let until = map.optional("valid_until")?.timestamp()
            map.refuseRest()
            guard let credits else { continue }
            coupons.append(
                Coupon(
                    code: code,
                    credits: credits,
                    expiresAfter: life ?? nil,
                    neverExpires: life == .some(nil),
                    validUntil: until
                )
            )
        }
        return coupons
    }
}
