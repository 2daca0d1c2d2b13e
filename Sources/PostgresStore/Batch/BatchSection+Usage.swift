import Accounting
import Quantities

// MARK: - The hot way: one usage record

extension BatchSection {
    func addUsage(_ usage: UsageChange, session: Range<Int>, offset: Int) {
        usageCount += 1
        seldom.formUnion(SeldomColumns(of: usage, session: session))
        let wallet = walletSlot(usage.org, at: usage.appliedAt)
        wallets[wallet].amount -= usage.charge.units
        appendLine(offset, wallet: wallet)
        for index in 0..<usage.draws.count {
            let draw = usage.draws[index]
            if draw.grant == 0 {
                wallets[wallet].debt += draw.amount.units
            } else {
                grants[grantSlot(usage.org, draw.grant)].remaining -= draw.amount.units
            }
        }
        addRollup(usage)
        if usage.hold != 0 { removeHold(usage.org, usage.hold) }
        noteDay(usage.appliedAt.utcDay)
    }

    private func addRollup(_ usage: UsageChange) {
        let slot = rollupSlot(usage)
        rollups[slot].requests += 1
        if usage.failed { rollups[slot].failed += 1 }
        if usage.cacheHit { rollups[slot].cacheHits += 1 }
        rollups[slot].input += Int64(usage.tokens.input)
        rollups[slot].cacheRead += Int64(usage.tokens.cacheRead)
        rollups[slot].cacheWrite += Int64(usage.tokens.cacheWrite)
        rollups[slot].output += Int64(usage.tokens.output)
        rollups[slot].reasoning += Int64(usage.tokens.reasoning)
        rollups[slot].amount += usage.charge.units
    }

    private func rollupSlot(_ usage: UsageChange) -> Int {
        let who = UInt64(usage.org) << 32 | UInt64(usage.project)
        let what = UInt64(usage.key) << 32 | UInt64(usage.model)
        let day = UInt64(UInt32(bitPattern: usage.day.number))
        let hash = IndexTable.hash(who &+ day &* 0x9E37_79B9_7F4A_7C15, what)
        let found = rollupIndex.find(hash) { index in
            rollups[index].org == usage.org && rollups[index].day == usage.day
                && rollups[index].project == usage.project && rollups[index].key == usage.key
                && rollups[index].model == usage.model
        }
        if let found { return found }
        rollupIndex.append(hash)
        rollups.append(
            RollupDelta(
                org: usage.org,
                day: usage.day,
                project: usage.project,
                key: usage.key,
                model: usage.model
            )
        )
        return rollups.count - 1
    }

    /// The batches' days are few: nearly always one, around midnight two.
    private func noteDay(_ day: CivilDay) {
        if days.last == day || days.contains(day) { return }
        days.append(day)
    }
}

// MARK: - Entries

extension BatchSection {
    /// The place of a wallet, touched at a moment.
    func walletSlot(_ org: UInt32, at moment: Timestamp) -> Int {
        let hash = IndexTable.hash(UInt64(org), 1)
        if let found = walletIndex.find(hash, matches: { wallets[$0].org == org }) {
            if wallets[found].updatedAt < moment { wallets[found].updatedAt = moment }
            return found
        }
        walletIndex.append(hash)
        wallets.append(WalletDelta(org: org, updatedAt: moment))
        return wallets.count - 1
    }

    /// Adds a line at the end of a wallet's chain.
    func appendLine(_ reference: Int, wallet: Int) {
        let line = Int32(lines.count)
        lines.append(PendingLine(reference: reference))
        let last = wallets[wallet].lastLine
        if last >= 0 {
            lines[Int(last)].next = line
        } else {
            wallets[wallet].firstLine = line
        }
        wallets[wallet].lastLine = line
        wallets[wallet].lines += 1
    }

    func grantSlot(_ org: UInt32, _ grant: UInt32) -> Int {
        let hash = IndexTable.hash(UInt64(org), UInt64(grant))
        let found = grantIndex.find(hash) { grants[$0].org == org && grants[$0].grant == grant }
        if let found { return found }
        grantIndex.append(hash)
        grants.append(GrantDelta(org: org, grant: grant))
        return grants.count - 1
    }

    /// The place of a hold's entry, which is made in a state when there is none yet.
    func holdSlot(
        _ org: UInt32,
        _ hold: UInt64,
        orAppend state: HoldDelta.State
    ) -> (slot: Int, isNew: Bool) {
        let hash = IndexTable.hash(UInt64(org), hold)
        let found = holdIndex.find(hash) { holds[$0].org == org && holds[$0].hold == hold }
        if let found { return (found, false) }
        holdIndex.append(hash)
        holds.append(HoldDelta(org: org, hold: hold, state: state))
        return (holds.count - 1, true)
    }

    func removeHold(_ org: UInt32, _ hold: UInt64) {
        let (slot, isNew) = holdSlot(org, hold, orAppend: .removed)
        if isNew { return }
        switch holds[slot].state {
        case .placed: holds[slot].state = .cancelled
        case .extended: holds[slot].state = .removed
        case .removed, .cancelled: break
        }
    }
}
