import DiskSimulation

/// A key as its owner knows it.
struct AccountKey {
    var name: String
    var secret: String?
    var revokedAt: Int?
    /// Whether a rotation or revocation is under way, or was when the daemon died.
    var isChanging = false
    /// Secrets that are dead, and since when.
    var dead: [String: Int] = [:]
}

/// An organisation as its owner knows it.
struct Account {
    var name: String
    var zone: String
    var projects: [String] = []
    var keys: [AccountKey] = []
    var isClosing = false
    /// Whether a plan was ever asked for it.
    var hasPlan = false
    var closedAt: Int?

    func anyKey(_ random: inout SplitMix) -> String {
        keys[random.below(keys.count)].name
    }

    /// A key that nobody is changing.
    func steadyKey(_ random: inout SplitMix) -> String? {
        let steady = keys.filter { !$0.isChanging }
        return steady.isEmpty ? nil : steady[random.below(steady.count)].name
    }

    mutating func rotate(_ key: String, to secret: String, at step: Int) {
        guard let index = keys.firstIndex(where: { $0.name == key }) else { return }
        if let old = keys[index].secret { keys[index].dead[old] = step }
        keys[index].secret = secret
        keys[index].isChanging = false
    }

    mutating func revoke(_ key: String, at step: Int) {
        guard let index = keys.firstIndex(where: { $0.name == key }) else { return }
        keys[index].revokedAt = keys[index].revokedAt ?? step
    }
}
