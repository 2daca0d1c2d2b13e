import Quantities

extension AccountBook {
    /// A digest of the whole state that money depends on: equal live and after replay.
    ///
    /// Identity windows are left out: what they still know depends on when they were last touched.
    public var digest: StateDigest {
        var digest = StateDigest()
        for slot in organisations.indices where organisations[slot].exists {
            combine(organisations[slot], into: &digest)
            for deployment in machines[organisations[slot].number]?.deployments ?? [] {
                digest.combine(bytes: deployment.encoded)
            }
        }
        if partition == 0 { alerts[0]?.combine(into: &digest) }
        for hold in holds.sorted {
            digest.combine(UInt64(hold.number.org.raw))
            digest.combine(hold.number.serial)
            digest.combine(UInt64(hold.project) << 32 | UInt64(hold.key))
            digest.combine(hold.expiresAt.microseconds)
            digest.combine(hold.amount)
            for index in 0..<hold.draws.count {
                digest.combine(UInt64(hold.draws[index].grant))
                digest.combine(hold.draws[index].amount)
            }
        }
        return digest
    }

    private func combine(_ organisation: Organisation, into digest: inout StateDigest) {
        digest.combine(UInt64(organisation.number))
        digest.combine(bytes: zones[Int(organisation.zone)].utf8)
        digest.combine(organisation.closed ? 1 : 0 as UInt64)
        digest.combine(UInt64(organisation.cutoffs.rawValue))
        digest.combine(Int64(organisation.today.day.number))
        digest.combine(organisation.posted)
        digest.combine(organisation.held)
        digest.combine(organisation.debt)
        digest.combine(organisation.lines)
        digest.combine(UInt64(organisation.lastGrant))
        digest.combine(organisation.lastHold)
        digest.combine(organisation.flags.contains(.hasPurchased) ? 1 : 0 as UInt64)
        combineTerms(of: organisation.number, into: &digest)
        organisation.spend.combine(into: &digest)
        for grant in organisation.grants {
            digest.combine(UInt64(grant.number))
            digest.combine(Int64(grant.priority))
            digest.combine(grant.effectiveAt.microseconds)
            digest.combine(grant.expiresAt.microseconds)
            digest.combine(grant.remaining)
            digest.combine(grant.held)
            digest.combine((grant.active ? 1 : 0) | (grant.expired ? 2 : 0) as UInt64)
        }
        alerts[organisation.number]?.combine(into: &digest)
        if let back = moneyBack[organisation.number] { digest.combine(UInt64(back.last)) }
        for key in organisation.keys {
            digest.combine(UInt64(key.project) << 32 | UInt64(key.generation))
            digest.combine(key.revoked ? 1 : 0 as UInt64)
            key.scope.spend.combine(into: &digest)
            digest.combine(key.scope.held)
        }
        for project in organisation.projects {
            project.spend.combine(into: &digest)
            digest.combine(project.held)
        }
        for cap in organisation.caps {
            digest.combine(UInt64(cap.scope.rawValue) << 8 | UInt64(cap.period.rawValue))
            digest.combine(UInt64(cap.id))
            digest.combine(cap.amount)
        }
        purchasings[organisation.number]?.combine(into: &digest)
    }
}
