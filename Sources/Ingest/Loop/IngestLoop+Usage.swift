import Accounting
import Quantities
import Rings
import Wire

extension IngestLoop {
    /// Takes one usage report: resolves its names, recognises repeats, and puts it into a ring.
    ///
    /// - Parameters:
    ///   - report: The report.
    ///   - frame: The frame or line that it lies in.
    ///   - connection: Where it came from.
    ///   - producer: Who the connection speaks for, or `nobody`; held by the caller for a whole
    ///     frame.
    func take(
        _ report: borrowing UsageReport,
        _ frame: RawSpan,
        _ connection: Connection,
        _ producer: ProducerSession
    ) {
        if report.sequence == 0 { return takeWithoutSequence(report, frame, connection, producer) }
        guard overload == nil, producer.isNext(report.sequence) else {
            return takeUnexpected(report, frame, connection, producer)
        }
        var facts = UsageFacts()
        guard resolve(report, frame, connection, into: &facts) else { return }
        facts.producer = producer.number
        facts.sequence = report.sequence
        let record = put(facts, report, frame, connection)
        let names = namesDigest(report, frame, connection)
        producer.accept(report.sequence, digest: record.contentDigest(names: names))
        markAccepted(connection)
        takenThisTurn &+= 1
    }

    /// Takes a report that has no sequence and is told from others by its id.
    private func takeWithoutSequence(
        _ report: borrowing UsageReport,
        _ frame: RawSpan,
        _ connection: Connection,
        _ producer: ProducerSession
    ) {
        if let overload { return fail(connection, ConnectionFault(.overloaded, overload)) }
        var facts = UsageFacts()
        guard resolve(report, frame, connection, into: &facts) else { return }
        let names = namesDigest(report, frame, connection)
        facts.content = draft(facts, report, frame, at: scratch).contentDigest(names: names)
        facts.identity = identity(report, frame, org: facts.org, producer)
        put(facts, report, frame, connection)
        if let id = ShortText(report.id, in: frame) {
            let position = wiring.commands[shard(of: facts.org)].claimedPosition
            acks.note(id, of: connection.origin, at: position)
            connection.pendingAnswers += 1
        }
        if !connection.reportedThisTurn {
            connection.reportedThisTurn = true
            reporters.append(connection)
        }
        takenThisTurn += 1
    }

    /// Deals with a report that is not simply the next one of its producer.
    @inline(never)
    private func takeUnexpected(
        _ report: borrowing UsageReport,
        _ frame: RawSpan,
        _ connection: Connection,
        _ producer: ProducerSession
    ) {
        if let overload { return fail(connection, ConnectionFault(.overloaded, overload)) }
        guard producer !== nobody else {
            let message = "usage with a sequence comes after a hello"
            return fail(connection, ConnectionFault(.notAllowed, message))
        }
        let accepted = producer.accepted
        if report.sequence > accepted + 1 {
            return reject(.sequenceGap(report.sequence, expected: accepted + 1), connection)
        }
        wiring.counters.duplicates.add()
        if report.sequence == accepted + 1 {
            // It was found in the journal at start, ahead of one that was not: it is booked.
            producer.accept(report.sequence, digest: 0)
            markAccepted(connection)
            return
        }
        if isConflict(report, frame, connection, producer) {
            let rejection = Rejection(
                .conflict,
                subject: .sequence(report.sequence),
                message: "field \"sequence\": \(report.sequence) was used before with other content"
            )
            return reject(rejection, connection)
        }
        connection.owesAcknowledgement = true
        markDirty(connection)
    }

    /// Whether a repeat says something else than the report that was taken.
    private func isConflict(
        _ report: borrowing UsageReport,
        _ frame: RawSpan,
        _ connection: Connection,
        _ producer: ProducerSession
    ) -> Bool {
        var facts = UsageFacts()
        // What its names mean is not worth a word: it was taken, or rejected, the first time.
        guard let meaning = meaning(of: report, frame, connection) else { return false }
        fill(&facts, meaning, report, frame, connection)
        let names = namesDigest(report, frame, connection)
        let digest = draft(facts, report, frame, at: scratch).contentDigest(names: names)
        return producer.isConflict(report.sequence, digest: digest)
    }
}

// MARK: - Names and times

extension IngestLoop {
    private struct Meaning {
        let account: AccountReference
        let model: UInt32
        let project: UInt32
    }

    /// What a report's names mean; nil when one of them means nothing.
    @inline(__always)
    private func meaning(
        of report: borrowing UsageReport,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> Meaning? {
        guard let account = account(report.accountKind, report.account, frame, connection),
            let model = model(report.model, report.provider, frame, connection),
            let project = project(report.project, account, frame, connection)
        else { return nil }
        return Meaning(account: account, model: model, project: project)
    }

    /// Fills in what a report says and its names mean; rejects it and says false where it cannot
    /// be.
    @inline(__always)
    private func resolve(
        _ report: borrowing UsageReport,
        _ frame: RawSpan,
        _ connection: Connection,
        into facts: inout UsageFacts
    ) -> Bool {
        guard let meaning = meaning(of: report, frame, connection) else {
            reject(nameProblem(report, frame, connection), connection)
            return false
        }
        if let at = report.at, !isTimely(at) {
            let message = timeProblem(at)
            let subject = report.subject(in: frame)
            reject(Rejection(.badTime, subject: subject, message: message), connection)
            return false
        }
        fill(&facts, meaning, report, frame, connection)
        return true
    }

    @inline(__always)
    private func fill(
        _ facts: inout UsageFacts,
        _ meaning: Meaning,
        _ report: borrowing UsageReport,
        _ frame: RawSpan,
        _ connection: Connection
    ) {
        facts.org = meaning.account.org
        facts.key = meaning.account.key
        facts.project = meaning.project
        facts.model = meaning.model
        facts.provider = provider(report.provider, frame, connection)
        facts.tokens = report.tokens
        facts.latencyMilliseconds = report.latencyMilliseconds
        facts.failed = report.failed
        facts.cacheHit = report.cacheHit
        if let at = report.at { facts.at = at }
        // A hold of another organisation cannot pay for this one.
        if let hold = report.hold, hold.org.raw == facts.org { facts.hold = hold.serial }
    }

    /// Which name means nothing, in the order in which they are looked up.
    @inline(never)
    private func nameProblem(
        _ report: borrowing UsageReport,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> Rejection {
        let subject = report.subject(in: frame)
        guard account(report.accountKind, report.account, frame, connection) != nil else {
            if report.accountKind == .key {
                let message = "field \"key\": no key has this secret"
                return Rejection(.invalidKey, subject: subject, message: message)
            }
            let message = quoted("org", report.account, .org, frame, connection) + " does not exist"
            return Rejection(.unknownOrg, subject: subject, message: message)
        }
        guard model(report.model, report.provider, frame, connection) != nil else {
            let message =
                quoted("model", report.model, .model, frame, connection)
                + " has no price on the rate card"
            return Rejection(.unknownModel, subject: subject, message: message)
        }
        let message =
            quoted("project", report.project, .project, frame, connection)
            + " does not exist in this organisation"
        return Rejection(.malformed, subject: subject, message: message)
    }

    /// A digest of how the report names its model, provider and project: by their texts, because
    /// another connection may number them in another order, and another rate card may read them in
    /// another way.
    @inline(__always)
    private func namesDigest(
        _ report: borrowing UsageReport,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> UInt64 {
        let model = digest(of: report.model, .model, frame, connection)
        let provider = digest(of: report.provider, .provider, frame, connection)
        let project = digest(of: report.project, .project, frame, connection)
        return model ^ (provider &<< 21 | provider &>> 43) ^ (project &<< 42 | project &>> 22)
    }

    @inline(__always)
    func isTimely(_ at: Timestamp) -> Bool {
        at <= latest && at >= earliest
    }

    @inline(never)
    func timeProblem(_ at: Timestamp) -> String {
        if at > latest {
            let minutes = settings.aheadMicroseconds / 60_000_000
            return "field \"at\": \(at) is more than \(minutes) minutes ahead of \(now)"
        }
        let days = settings.lateMicroseconds / 86_400_000_000
        return "field \"at\": \(at) is more than \(days) days before \(now)"
    }

    private func identity(
        _ report: borrowing UsageReport,
        _ frame: RawSpan,
        org: UInt32,
        _ producer: ProducerSession
    ) -> UInt128 {
        var identity = StateDigest()
        identity.combine(bytes: producer.name.utf8)
        identity.combine(UInt64(org))
        frame.extracting(report.id.bounds).withUnsafeBytes { identity.combine(bytes: $0) }
        // Zero means "no identity" in a record; one digest in 2^128 is moved to 1.
        return identity.value == 0 ? 1 : identity.value
    }
}

// MARK: - Into the ring

extension IngestLoop {
    /// Puts a report into the ring to its shard, as the draft of its journal record.
    @inline(__always)
    @discardableResult
    private func put(
        _ facts: UsageFacts,
        _ report: borrowing UsageReport,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> UsageRecord {
        let length = UsageRecord.length(
            idLength: Int(report.id.length),
            sessionLength: Int(report.session.length),
            hasIdentity: facts.identity != 0
        )
        let message = lanes.claim(UsageCommand.recordOffset + length, org: facts.org)
        message.storeBytes(of: UInt64(CommandKind.usage.rawValue), as: UInt64.self)
        message.storeBytes(
            of: connection.origin,
            toByteOffset: RingMessage.headerLength,
            as: Origin.self
        )
        budget &-= 1
        return draft(facts, report, frame, at: message + UsageCommand.recordOffset)
    }

    @inline(__always)
    @discardableResult
    private func draft(
        _ facts: UsageFacts,
        _ report: borrowing UsageReport,
        _ frame: RawSpan,
        at place: UnsafeMutableRawPointer
    ) -> UsageRecord {
        let id = report.id.bounds
        let session = report.session.bounds
        return frame.withUnsafeBytes { bytes in
            UsageRecord.draft(
                at: place,
                facts,
                id: UnsafeRawBufferPointer(rebasing: bytes[id]),
                session: UnsafeRawBufferPointer(rebasing: bytes[session])
            )
        }
    }
}
