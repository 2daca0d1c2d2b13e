import Accounting
import Ingest
import Quantities
import Rating
import Rings
import Wire

extension Shard {
    /// Rates and books one report.
    func usage(_ record: UnsafeRawBufferPointer, loop: Int, gate: UInt64) {
        let command = RingMessage.value(of: record, as: UsageCommand.self)
        let at = command.at == .never ? now : command.at
        guard let model = tableModel(command.model),
            let version = pricing.table.version(of: model, at: at)
        else {
            reject(command, record, .unknownModel, loop, gate)
            return
        }
        guard
            let charge = pricing.table.charge(
                command.tokens,
                version: version,
                failed: command.failed,
                cacheHit: command.cacheHit
            )
        else {
            reject(command, record, .badTokenCounts, loop, gate)
            return
        }
        declare(command, version: version)
        var change = UsageChange(command, at: at)
        change.price = pricing.priceNumbers[version]
        change.tier = charge.tier
        change.charge = charge.amount
        let fixed = RingMessage.headerLength + MemoryLayout<UsageCommand>.size
        let idEnd = fixed + Int(command.idLength)
        let id = UnsafeRawBufferPointer(rebasing: record[fixed..<idEnd])
        let session = UnsafeRawBufferPointer(
            rebasing: record[idEnd..<idEnd + Int(command.sessionLength)]
        )
        let book = book(of: command.org)
        switch book.debit(&change, id: id, session: session, at: now, into: records) {
        case .booked: countUsage()
        case .repeated: counters.repeated.add()
        case .conflict: reject(command, record, .conflict, loop, gate)
        case .accountClosed: reject(command, record, .accountClosed, loop, gate)
        case .unknownOrganisation: reject(command, record, .unknownOrg, loop, gate)
        case .outOfRange: reject(command, record, .badTokenCounts, loop, gate)
        }
    }

    /// The card's model behind a number, looked up once for each card.
    func tableModel(_ number: UInt32) -> Int? {
        let index = Int(number)
        if index < tableModels.count, tableModels[index] != Shard.notLookedUp {
            return tableModels[index] < 0 ? nil : Int(tableModels[index])
        }
        while tableModels.count <= index { tableModels.append(Shard.notLookedUp) }
        let found = pricing.tableModel(number)
        tableModels[index] = found.map { Int32($0) } ?? -1
        return found
    }

    private static let notLookedUp: Int32 = -2

    /// Changes over to another rate card; what was decided before keeps its prices.
    func use(_ pricing: Pricing) {
        self.pricing = pricing
        tableModels.removeAll(keepingCapacity: true)
        if index == 0 {
            record(
                .rateCardLoaded(RateCardLoaded(name: pricing.table.name, digest: pricing.digest))
            )
        }
    }

    /// Journals what the numbers of a report stand for, before the first record that uses them.
    private func declare(_ command: UsageCommand, version: Int) {
        declareModel(command.model)
        if command.provider != 0,
            Declared.note(UInt32(command.provider), in: &declared.providers)
        {
            declareName(.provider, UInt32(command.provider))
        }
        declareProducer(command.producer)
        if Declared.note(pricing.priceNumbers[version], in: &declared.prices) {
            record(.priceDeclared(pricing.prices[version]))
        }
    }

    func declareModel(_ number: UInt32) {
        if Declared.note(number, in: &declared.models) { declareName(.model, number) }
    }

    func declareProducer(_ number: UInt32) {
        guard number != 0, Declared.note(number, in: &declared.producers) else { return }
        declareName(.producer, number)
    }

    private func declareName(_ kind: Accounting.NameKind, _ number: UInt32) {
        guard let name = names.name(kind, number) else {
            invariantBroken("a number that is in use has a name")
        }
        record(.nameDeclared(NameDeclared(kind: kind, number: number, name: name)))
    }

    private func reject(
        _ command: UsageCommand,
        _ record: UnsafeRawBufferPointer,
        _ code: RejectionCode,
        _ loop: Int,
        _ gate: UInt64
    ) {
        counters.rejected.add()
        skip(producer: command.producer, sequence: command.sequence)
        var reply = RejectedReply(
            header: ReplyHeader(origin: command.origin, gate: gate),
            code: code,
            org: command.org,
            model: command.model
        )
        reply.sequence = command.sequence
        if command.sequence == 0 {
            let fixed = RingMessage.headerLength + MemoryLayout<UsageCommand>.size
            let id = record[fixed..<fixed + Int(command.idLength)]
            if let text = ShortText(String(decoding: id, as: UTF8.self)) {
                reply.name = .text(text)
                reply.isID = true
            }
        }
        answer(reply, .rejected, loop)
    }

    /// Puts an answer into the way back to a loop; there is room, or the command were not taken.
    func answer<Reply: BitwiseCopyable>(_ reply: Reply, _ kind: ReplyKind, _ loop: Int) {
        RingMessage.put(reply, kind: kind.rawValue, into: replies[loop])
        replies[loop].publish()
        loops[loop].wake()
    }
}

extension UsageChange {
    fileprivate init(_ command: UsageCommand, at: Timestamp) {
        self.init()
        org = command.org
        project = command.project
        key = command.key
        model = command.model
        provider = command.provider
        producer = command.producer
        sequence = command.sequence
        self.at = at
        tokens = command.tokens
        latencyMilliseconds = command.latencyMilliseconds
        failed = command.failed
        cacheHit = command.cacheHit
        hold = command.hold
        identity = UInt128(command.identityHigh) << 64 | UInt128(command.identityLow)
        content = command.content
    }
}
