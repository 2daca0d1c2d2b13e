import Rating

/// Reads `grants:`, what a grant of each class is when the call does not say.
enum GrantsReader {
    static func read(_ value: YamlValue) -> GrantDefaults {
        var grants = GrantDefaults()
        guard var map = value.mapping() else { return grants }
        if let entry = map.optional("purchased") { grants.purchased = read(entry) }
        if let entry = map.optional("promotional") { grants.promotional = read(entry) }
        // What a plan gives lives as long as the plan says.
        if let entry = map.optional("plan") { grants.plan = read(entry, lives: false) }
        if let entry = map.optional("coupon") { grants.coupon = read(entry) }
        if let entry = map.optional("refund") { grants.refund = read(entry) }
        if let entry = map.optional("adjustment") { grants.adjustment = read(entry) }
        map.refuseRest()
        return grants
    }

    private static func read(_ value: YamlValue, lives: Bool = true) -> ClassDefaults {
        var defaults = ClassDefaults()
        guard var map = value.mapping() else { return defaults }
        if let priority = map.optional("priority")?.whole(in: 0...1_000_000) {
            defaults.priority = Int32(priority)
        }
        if lives {
            defaults.expiresAfter = map.optional("expires_after")?.lifetime() ?? nil
            if let most = map.optional("expires_at_most") {
                defaults.expiresAtMost = most.lifetime() ?? nil
                if most.rawText == "never" { most.refuse("is no bound; leave the key out") }
            }
        }
        map.refuseRest()
        return defaults
    }
}
