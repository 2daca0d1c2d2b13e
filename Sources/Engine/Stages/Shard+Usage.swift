import Accounting
import Ingest
import Quantities
import Rating
import Rings
import Wire

extension Shard {
    /// Rates and books one report.
    func usage(_ message: UnsafeRawBufferPointer, loop: Int, gate: UInt64) {
        // Whatever becomes of it, it is acknowledged when it is durable.
        awaitSync()
        let draft = UsageCommand.draft(in: message)
        if draft.at == .never { draft.at = now }
        let quote = quotes.quote(draft.model, pricing)
        var version = Int(quote.pointee.newest)
        if quote.pointee.model < 0 || draft.at.microseconds < quote.pointee.from {
            guard let older = olderVersion(quote.pointee.model, at: draft.at) else {
                return reject(message, .unknownModel, loop, gate)
            }
            version = older
        }
        guard
            let charge = pricing.table.charge(
                draft.tokens,
                version: version,
                failed: draft.failed,
                cacheHit: draft.cacheHit
            )
        else { return reject(message, .badTokenCounts, loop, gate) }
        declare(draft, version: version, quote)
        draft.price = pricing.priceNumbers[version]
        draft.tier = charge.tier
        draft.charge = charge.amount
        let outcome = bookPointers.withBook(of: draft.org) { book in
            book.debit(draft, at: now, into: records)
        }
        switch outcome {
        case .booked: usageInRecords &+= 1
        case .repeated: counters.repeated.add()
        case .conflict: reject(message, .conflict, loop, gate)
        case .accountClosed: reject(message, .accountClosed, loop, gate)
        case .unknownOrganisation: reject(message, .unknownOrg, loop, gate)
        case .outOfRange: reject(message, .badTokenCounts, loop, gate)
        }
    }

    /// The version that applied before the newest; nil when there was none, or no such model.
    @inline(never)
    private func olderVersion(_ model: Int32, at moment: Timestamp) -> Int? {
        model < 0 ? nil : pricing.table.version(of: Int(model), at: moment)
    }

    /// The card's model behind a number, or nil when it has no price.
    func tableModel(_ number: UInt32) -> Int? {
        let model = quotes.quote(number, pricing).pointee.model
        return model < 0 ? nil : Int(model)
    }

    /// Changes over to another rate card; what was decided before keeps its prices.
    func use(_ pricing: Pricing) {
        self.pricing = pricing
        quotes.removeAll()
        useMachines()
        for book in ownBooks { book.useAlertDefaults(pricing.alertDefaults) }
        if index == 0 {
            record(
                .rateCardLoaded(RateCardLoaded(name: pricing.table.name, digest: pricing.digest))
            )
        }
    }

    /// Journals what the numbers of a report stand for, before the first record that uses them.
    @inline(__always)
    private func declare(
        _ draft: UsageRecord,
        version: Int,
        _ quote: UnsafeMutablePointer<Quotes.Quote>
    ) {
        if quote.pointee.isDeclared, version == Int(quote.pointee.newest),
            draft.producer == lastProducer, draft.provider == lastProvider
        {
            return
        }
        declareAll(draft, version: version)
        quote.pointee.isDeclared = quote.pointee.isDeclared || version == Int(quote.pointee.newest)
    }

    @inline(never)
    private func declareAll(_ draft: UsageRecord, version: Int) {
        declareModel(draft.model)
        if draft.provider != 0, Declared.note(UInt32(draft.provider), in: &declared.providers) {
            declareName(.provider, UInt32(draft.provider))
        }
        lastProvider = draft.provider
        declareProducer(draft.producer)
        lastProducer = draft.producer
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

    func declareName(_ kind: Accounting.NameKind, _ number: UInt32) {
        guard let name = names.name(kind, number) else {
            invariantBroken("a number that is in use has a name")
        }
        record(.nameDeclared(NameDeclared(kind: kind, number: number, name: name)))
    }

    @inline(never)
    private func reject(
        _ message: UnsafeRawBufferPointer,
        _ code: RejectionCode,
        _ loop: Int,
        _ gate: UInt64
    ) {
        let draft = UsageCommand.draft(in: message)
        counters.rejected.add()
        skip(producer: draft.producer, sequence: draft.sequence)
        var reply = RejectedReply(
            header: ReplyHeader(origin: UsageCommand.origin(of: message), gate: gate),
            code: code,
            org: draft.org,
            model: draft.model
        )
        reply.sequence = draft.sequence
        if draft.sequence == 0, let text = ShortText(String(decoding: draft.id, as: UTF8.self)) {
            reply.name = .text(text)
            reply.isID = true
        }
        answer(reply, .rejected, loop)
    }

    /// Puts an answer into the way back to a loop; there is room, or the command were not taken.
    ///
    /// The loop is not woken: it could not send it before the journal has passed the command, and
    /// is woken then.
    func answer<Reply: BitwiseCopyable>(_ reply: Reply, _ kind: ReplyKind, _ loop: Int) {
        RingMessage.put(reply, kind: kind.rawValue, into: replies[loop])
        replies[loop].publish()
    }
}
