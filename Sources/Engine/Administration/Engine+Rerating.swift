import Accounting
import PostgresStore
import Quantities
import Rings
import Wire

extension Engine {
    /// Rates the requests of a period again, and books the differences unless only a preview is
    /// asked for.
    ///
    /// - Parameter request: The period, the card, and what it is to be called.
    /// - Returns: What changes, or has changed, for each organisation.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    public func rerate(
        _ request: RerateRequest
    ) async throws(AdministrationError) -> RerateReport {
        var org: UInt32 = 0
        if let name = request.organisation { org = try number(name) }
        try check(request)
        let card = try RerateCard(request.card)
        try checkHealth()
        guard rerateDesk.begin(booking: request.id != nil) else { throw RerateRules.underWay }
        defer { rerateDesk.end() }
        if request.id != nil { try await waitForRefunds() }
        // What is booked must be in PostgreSQL: there the next attempt sees what is done.
        try await waitForStore()
        let begun = RerateBegun(
            rerate: request.id ?? "",
            undoes: "",
            org: org,
            from: request.from,
            to: request.to,
            card: card.name,
            digest: card.digest
        )
        let known = try await reader.ask(.rerate) { reader throws(StoreError) in
            try reader.rerates()
        }
        try RerateRules.check(begun, against: known)
        let rated = try await rate(begun, by: card)
        guard !rated.isTooLarge else {
            throw .invalid(
                field: "from",
                message: "there are more than \(Rerating.mostCells) corrections. Re-rate a shorter "
                    + "period, or one organisation."
            )
        }
        var report = await self.report(rated, begun)
        guard request.id != nil else { return report }
        let changes = rated.cells.filter { $0.value.units != 0 }
            .map { (cell: $0.key, change: $0.value) }
            .sorted { CorrectionCell.precedes($0.cell, $1.cell) }
        try await book(changes, begun, card: request.card, &report)
        return report
    }

    /// Books the opposite of everything that a re-rating has booked, once; but for charges of which
    /// a refund has given back all that it had left.
    ///
    /// - Parameter id: The re-rating.
    /// - Returns: What has changed for each organisation.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    public func undoRerate(_ id: String) async throws(AdministrationError) -> RerateReport {
        try checkHealth()
        guard rerateDesk.begin(booking: true) else { throw RerateRules.underWay }
        defer { rerateDesk.end() }
        try await waitForRefunds()
        try await waitForStore()
        let known = try await reader.ask(.rerate) { reader throws(StoreError) in
            try reader.rerates()
        }
        guard let undone = known.first(where: { $0.begun.rerate == id }) else {
            throw .notFound(what: "re-rating", name: id)
        }
        guard undone.begun.undoes.isEmpty else {
            throw .invalid(field: "id", message: "\"\(id)\" is an undoing, which stays.")
        }
        var begun = undone.begun
        begun.rerate = RerateRules.undoing + id
        begun.undoes = id
        let changes = try await opposite(of: id).filter { $0.value.units != 0 }.map {
            (cell: $0.key, change: $0.value)
        }.sorted { CorrectionCell.precedes($0.cell, $1.cell) }
        var sums: [UInt32: RerateOrganisation] = [:]
        for (cell, change) in changes {
            var sum = sums[cell.org] ?? RerateOrganisation(name: "")
            sum.requests += change.requests
            sum.changed += change.requests
            sum.new += Amount(units: change.units)
            sums[cell.org] = sum
        }
        var report = await self.report(sums, begun)
        try await book(changes, begun, card: nil, &report)
        return report
    }

    /// All re-ratings that were applied, the newest first.
    ///
    /// - Returns: Re-ratings with what they came to.
    /// - Throws: `AdministrationError`; `unavailable` while PostgreSQL is away.
    public func rerates() async throws(AdministrationError) -> [RerateInfo] {
        let directory = self.directory
        return try await reader.ask { reader throws(StoreError) in
            try reader.rerates().map { record in
                let begun = record.begun
                return RerateInfo(
                    id: begun.rerate,
                    undoes: begun.undoes.isEmpty ? nil : begun.undoes,
                    undoneBy: record.undoneBy,
                    organisation: begun.org == 0
                        ? nil : directory.name(of: .org, org: begun.org, id: 0),
                    from: begun.from,
                    to: begun.to,
                    card: begun.card,
                    begunAt: record.begunAt,
                    corrections: record.corrections,
                    amount: record.amount
                )
            }
        }
    }

    /// How far the re-rating has come that is under way, if one is.
    public func rerateProgress() -> RerateProgress? { rerateDesk.current }

    private func check(_ request: RerateRequest) throws(AdministrationError) {
        if let id = request.id {
            try NameRule.check(id, field: "id")
            guard !id.hasPrefix(RerateRules.undoing) else {
                throw .invalid(field: "id", message: "\"\(id)\" begins as undoings do.")
            }
        }
        guard request.from < request.to else {
            throw .invalid(field: "to", message: "\(request.to) is not after \(request.from).")
        }
        guard request.to <= time.now() else {
            throw .invalid(
                field: "to",
                message: "\(request.to) has not come yet: what is still booked would be left out."
            )
        }
    }
}

// MARK: - Rating

extension Engine {
    private func rate(
        _ begun: RerateBegun,
        by card: RerateCard
    ) async throws(AdministrationError) -> Rerating {
        let (rerateDesk, names) = (self.rerateDesk, self.names)
        return try await reader.ask(.rerate) { reader throws(StoreError) in
            var rerating = Rerating(card, names: names, prices: try reader.priceTexts())
            let days = try reader.usageDays(from: begun.from, to: begun.to)
            rerateDesk.update { $0.days = days.count }
            var lines: UInt64 = 0
            for day in days {
                try reader.ratedLines(on: day, from: begun.from, to: begun.to, org: begun.org) {
                    (line) throws(StoreError) in
                    rerating.add(line)
                    lines += 1
                    if lines.isMultiple(of: 65_536) { rerateDesk.update { $0.requests = lines } }
                }
                rerateDesk.update { progress in
                    progress.daysDone += 1
                    progress.requests = lines
                }
            }
            return rerating
        }
    }

    private func corrections(
        of rerate: String
    ) async throws(AdministrationError) -> [CorrectionCell: Rerating.Change] {
        try await reader.ask(.rerate) { reader throws(StoreError) in
            var made: [CorrectionCell: Rerating.Change] = [:]
            try reader.corrections(of: rerate) { cell, requests, amount in
                made[cell] = Rerating.Change(requests: requests, units: amount.units)
            }
            return made
        }
    }

    /// What undoes a re-rating: what refunds have settled since stays as it is.
    private func opposite(
        of rerate: String
    ) async throws(AdministrationError) -> [CorrectionCell: Rerating.Change] {
        var changes = try await corrections(of: rerate).mapValues {
            Rerating.Change(requests: $0.requests, units: -$0.units)
        }
        let settled = try await reader.ask { reader throws(StoreError) in
            var settled: [CorrectionCell: SettledCharges] = [:]
            try reader.settled(by: rerate) { settled[$0] = $1 }
            return settled
        }
        for (cell, charges) in settled {
            changes[cell]?.requests -= charges.requests
            changes[cell]?.units -= charges.corrected.units
        }
        return changes
    }

    /// Refunds that began before decide on books that this re-rating has not changed.
    private func waitForRefunds() async throws(AdministrationError) {
        while rerateDesk.refunds > 0 {
            do {
                try await Task.sleep(for: .milliseconds(10))
            } catch {
                throw .unavailable(reason: "the call was given up.")
            }
        }
    }

    private func report(_ rated: Rerating, _ begun: RerateBegun) async -> RerateReport {
        await report(rated.organisations, begun)
    }

    private func report(
        _ sums: [UInt32: RerateOrganisation],
        _ begun: RerateBegun
    ) async -> RerateReport {
        var total = RerateOrganisation(name: "")
        var changed: [(org: UInt32, sum: RerateOrganisation)] = []
        for (org, sum) in sums {
            total.requests += sum.requests
            total.changed += sum.changed
            total.unpriced += sum.unpriced
            total.refunded += sum.refunded
            total.old += sum.old
            total.new += sum.new
            if sum.changed > 0 { changed.append((org, sum)) }
        }
        changed.sort { left, right in
            let (one, two) = (left.sum.difference.units, right.sum.difference.units)
            return one.magnitude != two.magnitude
                ? one.magnitude > two.magnitude : left.org < right.org
        }
        var listed: [RerateOrganisation] = []
        for (org, sum) in changed.prefix(RerateReport.mostListed) {
            var named = sum
            named.name = directory.name(of: .org, org: org, id: 0)
            named.closed = await look(org) { book, _, _ in book.organisation(org)?.closed ?? true }
            listed.append(named)
        }
        return RerateReport(
            id: begun.rerate.isEmpty ? nil : begun.rerate,
            undoes: begun.undoes.isEmpty ? nil : begun.undoes,
            card: begun.card,
            organisations: listed,
            leftOut: changed.count - listed.count,
            total: total,
            booked: 0,
            bookedBefore: 0,
            notBooked: 0
        )
    }
}

// MARK: - Booking

extension Engine {
    /// How many organisations are corrected at once: each waits for the disk by itself.
    private static let lanes = 16
    /// How many corrections of an organisation a shard books in one turn.
    private static let mostInATurn = 256

    private func book(
        _ changes: [(cell: CorrectionCell, change: Rerating.Change)],
        _ begun: RerateBegun,
        card: String?,
        _ report: inout RerateReport
    ) async throws(AdministrationError) {
        let before = try await corrections(of: begun.rerate)
        let missing = changes.filter { before[$0.cell] == nil }
        report.bookedBefore = UInt64(changes.count - missing.count)
        rerateDesk.update { $0.corrections = UInt64(missing.count) }
        await journal(.rerateBegun(begun))
        for (part, text) in RerateCard.pieces(card ?? "").enumerated() where !text.isEmpty {
            let piece = RerateCardPart(rerate: begun.rerate, part: UInt32(part), text: text)
            await journal(.rerateCardPart(piece))
        }
        var jobs: [RerateJob] = []
        for (cell, change) in missing {
            let isFull = jobs.last?.corrections.count == Engine.mostInATurn
            if jobs.last?.org != cell.org || isFull {
                jobs.append(RerateJob(org: cell.org))
            }
            jobs[jobs.count - 1].corrections.append(correction(cell, change, begun))
        }
        let all = jobs
        let results = await withTaskGroup(of: RerateLane.self) { group in
            for lane in 0..<Engine.lanes {
                group.addTask { await self.book(all, lane: lane) }
            }
            var results = RerateLane()
            for await result in group { results.add(result) }
            return results
        }
        report.booked = results.booked
        report.notBooked = results.notBooked
        if let stopped = results.stopped { throw stopped }
    }

    private func book(_ jobs: [RerateJob], lane: Int) async -> RerateLane {
        var result = RerateLane()
        for index in stride(from: lane, to: jobs.count, by: Engine.lanes) {
            do throws(AdministrationError) {
                try checkHealth()
            } catch {
                // The same call goes on from here when there is room again.
                result.stopped = error
                return result
            }
            let job = jobs[index]
            let outcomes = await change(job.org) { book, now, buffer in
                job.corrections.map { book.correct($0, org: job.org, at: now, into: buffer) }
            }
            let booked = UInt64(outcomes.count { $0 == .done })
            result.booked += booked
            result.notBooked += UInt64(outcomes.count) - booked
            rerateDesk.update { $0.booked += booked }
        }
        return result
    }

    /// Books one correction.
    ///
    /// - Throws: `AdministrationError` when it cannot be booked.
    package func correct(
        _ correction: Rerated,
        organisation: String
    ) async throws(AdministrationError) {
        let org = try number(organisation)
        try checkHealth()
        let outcome = await change(org) { book, now, buffer in
            book.correct(correction, org: org, at: now, into: buffer)
        }
        try check(outcome, what: "organisation", name: organisation)
    }

    private func correction(
        _ cell: CorrectionCell,
        _ change: Rerating.Change,
        _ begun: RerateBegun
    ) -> Rerated {
        let model = names.name(.model, cell.model) ?? "#\(cell.model)"
        let requests = change.requests == 1 ? "1 request" : "\(change.requests) requests"
        return Rerated(
            rerate: begun.rerate,
            day: cell.day,
            project: cell.project,
            key: cell.key,
            model: cell.model,
            requests: change.requests,
            amount: Amount(units: change.units),
            note: "\(cell.day) \(model), \(requests)"
        )
    }

    /// Journals a change that is no book's; returns when it is safe.
    private func journal(_ body: Change.Body) async {
        let shard = shards[0]
        await withCheckedContinuation { continuation in
            shard.inbox.put { shard in
                shard.record(body)
                shard.finish { continuation.resume() }
            }
            shard.stage.kick()
        }
    }
}

/// Some corrections of one organisation.
private struct RerateJob: Sendable {
    let org: UInt32
    var corrections: [Rerated] = []
}

/// What one lane has booked.
private struct RerateLane: Sendable {
    var booked: UInt64 = 0
    var notBooked: UInt64 = 0
    var stopped: AdministrationError?

    mutating func add(_ other: RerateLane) {
        booked += other.booked
        notBooked += other.notBooked
        stopped = stopped ?? other.stopped
    }
}
