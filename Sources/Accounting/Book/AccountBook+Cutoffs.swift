import Quantities

extension AccountBook {
    /// What is cut off in an organisation, for somebody who begins to listen.
    ///
    /// - Parameter org: Its number.
    /// - Returns: One notice for each scope that is cut off: organisation, projects, keys.
    public func cutoffs(of org: UInt32) -> [Notice] {
        guard let slot = slot(of: org) else { return [] }
        let organisation = organisations[slot]
        var found: [Notice] = []
        func add(_ scope: Scope, _ id: UInt32, _ reasons: CutoffReasons) {
            guard !reasons.isEmpty else { return }
            found.append(Notice(org: org, scope: scope, id: id, reasons: reasons, at: now))
        }
        add(.organisation, 0, organisation.cutoffs)
        for index in organisation.projects.indices {
            add(.project, UInt32(index + 1), organisation.projects[index].cutoffs)
        }
        for index in organisation.keys.indices {
            add(.key, UInt32(index + 1), organisation.keys[index].scope.cutoffs)
        }
        return found
    }

    /// Compares all scopes of an organisation with what was last told, and tells what changed.
    func refreshCutoffs(_ slot: Int, at moment: Timestamp) {
        refreshOrganisation(slot, at: moment)
        for index in organisations[slot].projects.indices {
            refreshProject(slot, index, at: moment)
        }
        for index in organisations[slot].keys.indices { refreshKey(slot, index, at: moment) }
    }

    /// The same for the scopes that one debit touches.
    @inline(__always)
    func refreshCutoffs(_ slot: Int, project: UInt32, key: UInt32, at moment: Timestamp) {
        let organisation = organisations.pointer(slot)
        if organisation.pointee.caps.isEmpty, organisation.pointee.posted.isPositive,
            organisation.pointee.cutoffs.isEmpty
        {
            // Projects and keys are only ever cut off by caps here.
            return
        }
        if isUnchanged(organisation, project: project, key: key) { return }
        refreshScopes(slot, project: project, key: key, at: moment)
    }

    /// Whether nothing is cut off, and no cap and no balance that the debit has touched is used up.
    private func isUnchanged(
        _ organisation: UnsafeMutablePointer<Organisation>,
        project: UInt32,
        key: UInt32
    ) -> Bool {
        guard organisation.pointee.posted.isPositive, organisation.pointee.cutoffs.isEmpty else {
            return false
        }
        var index = 0
        while index < organisation.pointee.caps.count {
            let scope = organisation.pointee.caps[index].scope
            let id = organisation.pointee.caps[index].id
            let period = organisation.pointee.caps[index].period
            let amount = organisation.pointee.caps[index].amount
            index += 1
            switch scope {
            case .organisation:
                if organisation.pointee.spend.amount(in: period) >= amount { return false }
            case .project:
                guard id == project else { continue }
                let place = Int(id) - 1
                guard organisation.pointee.projects[place].cutoffs.isEmpty,
                    organisation.pointee.projects[place].spend.amount(in: period) < amount
                else { return false }
            case .key:
                guard id == key else { continue }
                let place = Int(id) - 1
                guard organisation.pointee.keys[place].scope.cutoffs.isEmpty,
                    organisation.pointee.keys[place].scope.spend.amount(in: period) < amount
                else { return false }
            }
        }
        return true
    }

    @inline(never)
    private func refreshScopes(_ slot: Int, project: UInt32, key: UInt32, at moment: Timestamp) {
        refreshOrganisation(slot, at: moment)
        guard !organisations[slot].caps.isEmpty else { return }
        let projectIndex = Int(project) - 1
        if organisations[slot].projects.indices.contains(projectIndex) {
            refreshProject(slot, projectIndex, at: moment)
        }
        let keyIndex = Int(key) - 1
        if organisations[slot].keys.indices.contains(keyIndex) {
            refreshKey(slot, keyIndex, at: moment)
        }
    }

    private func refreshOrganisation(_ slot: Int, at moment: Timestamp) {
        var reasons = CutoffReasons()
        if organisations[slot].closed { reasons.insert(.closed) }
        if !organisations[slot].posted.isPositive,
            organisations[slot].flags.isDisjoint(with: [.invoiced, .unmetered])
        {
            reasons.insert(.insufficientCredits)
        }
        if isCapUsedUp(slot, .organisation, 0) { reasons.insert(.spendCap) }
        guard reasons != organisations[slot].cutoffs else { return }
        let before = organisations[slot].cutoffs
        organisations[slot].cutoffs = reasons
        tell(slot, .organisation, 0, from: before, to: reasons, at: moment)
    }

    private func refreshProject(_ slot: Int, _ index: Int, at moment: Timestamp) {
        let id = UInt32(index + 1)
        let reasons: CutoffReasons = isCapUsedUp(slot, .project, id) ? .spendCap : []
        let before = organisations[slot].projects[index].cutoffs
        guard reasons != before else { return }
        organisations[slot].projects[index].cutoffs = reasons
        tell(slot, .project, id, from: before, to: reasons, at: moment)
    }

    private func refreshKey(_ slot: Int, _ index: Int, at moment: Timestamp) {
        let id = UInt32(index + 1)
        var reasons = CutoffReasons()
        if organisations[slot].keys[index].revoked { reasons.insert(.revoked) }
        if isCapUsedUp(slot, .key, id) { reasons.insert(.spendCap) }
        let before = organisations[slot].keys[index].scope.cutoffs
        guard reasons != before else { return }
        organisations[slot].keys[index].scope.cutoffs = reasons
        tell(slot, .key, id, from: before, to: reasons, at: moment)
    }

    private func isCapUsedUp(_ slot: Int, _ scope: Scope, _ id: UInt32) -> Bool {
        // By index: going through the array itself would keep a copy of it for the while.
        for index in organisations[slot].caps.indices {
            let cap = organisations[slot].caps[index]
            guard cap.scope == scope, cap.id == id else { continue }
            let spent = organisations[slot].usage(of: scope, id: id).spend.amount(in: cap.period)
            if spent >= cap.amount { return true }
        }
        return false
    }

    private func tell(
        _ slot: Int,
        _ scope: Scope,
        _ id: UInt32,
        from before: CutoffReasons,
        to after: CutoffReasons,
        at moment: Timestamp
    ) {
        // A second reason on top of the first changes nothing for who listens.
        guard before.isEmpty != after.isEmpty else {
            schedule(slot)
            return
        }
        notices.append(
            Notice(
                org: organisations[slot].number,
                scope: scope,
                id: id,
                reasons: after,
                at: moment
            )
        )
        schedule(slot)
    }
}
