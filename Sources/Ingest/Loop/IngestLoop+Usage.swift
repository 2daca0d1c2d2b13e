import Quantities
import Rings
import Wire

extension IngestLoop {
    /// Takes one usage report: recognises repeats, resolves its names, and puts it into a ring.
    func take(_ report: UsageReport, _ frame: RawSpan, _ connection: Connection) {
        if let overload {
            fail(connection, ConnectionFault(.overloaded, overload))
            return
        }
        var command = UsageCommand(origin: connection.origin)
        var digest: UInt64 = 0
        if report.sequence != 0 {
            guard let producer = connection.producer else {
                fail(
                    connection,
                    ConnectionFault(.notAllowed, "usage with a sequence comes after a hello")
                )
                return
            }
            digest = contentDigest(report, frame, connection)
            guard isNext(report, digest, producer, connection) else { return }
            command.producer = producer.number
            command.sequence = report.sequence
        }
        guard resolve(report, frame, connection, into: &command) else { return }
        if report.sequence == 0 {
            identify(report, frame, connection, &command)
            if let id = ShortText(report.id, in: frame) {
                acks.note(id, of: connection.origin)
                connection.pendingAnswers += 1
            }
        } else {
            connection.producer?.accept(report.sequence, digest: digest)
            markAccepted(connection)
        }
        put(command, report, frame)
        takenThisTurn += 1
    }

    /// Whether a report's sequence is the next one; answers it if not.
    private func isNext(
        _ report: UsageReport,
        _ digest: UInt64,
        _ producer: ProducerSession,
        _ connection: Connection
    ) -> Bool {
        let accepted = producer.accepted
        if report.sequence == accepted + 1 {
            guard producer.wasRecovered(report.sequence) else { return true }
            // It was found in the journal at start, ahead of one that was not: it is booked.
            producer.accept(report.sequence, digest: 0)
            markAccepted(connection)
            wiring.counters.duplicates.add()
            return false
        }
        if report.sequence > accepted + 1 {
            reject(.sequenceGap(report.sequence, expected: accepted + 1), connection)
            return false
        }
        wiring.counters.duplicates.add()
        if producer.isConflict(report.sequence, digest: digest) {
            let rejection = Rejection(
                .conflict,
                subject: .sequence(report.sequence),
                message: "field \"sequence\": \(report.sequence) was used before with other content"
            )
            reject(rejection, connection)
            return false
        }
        connection.owesAcknowledgement = true
        markDirty(connection)
        return false
    }

    /// Fills in what the report's names mean; rejects it and says false where one means nothing.
    private func resolve(
        _ report: UsageReport,
        _ frame: RawSpan,
        _ connection: Connection,
        into command: inout UsageCommand
    ) -> Bool {
        guard let account = account(report.accountKind, report.account, frame, connection) else {
            let kind = report.accountKind
            let code: RejectionCode = kind == .key ? .invalidKey : .unknownOrg
            let name =
                kind == .key
                ? "field \"key\": no key has this secret"
                : quoted("org", report.account, .org, frame, connection) + " does not exist"
            reject(Rejection(code, subject: report.subject(in: frame), message: name), connection)
            return false
        }
        guard let model = model(report.model, report.provider, frame, connection) else {
            let message =
                quoted("model", report.model, .model, frame, connection)
                + " has no price on the rate card"
            reject(
                Rejection(.unknownModel, subject: report.subject(in: frame), message: message),
                connection
            )
            return false
        }
        guard let project = project(report.project, account, frame, connection) else {
            let message =
                quoted("project", report.project, .project, frame, connection)
                + " does not exist in this organisation"
            reject(
                Rejection(.malformed, subject: report.subject(in: frame), message: message),
                connection
            )
            return false
        }
        if let at = report.at {
            guard let message = timeProblem(at) else {
                command.at = at
                return fill(&command, account, project, model, report, frame, connection)
            }
            reject(
                Rejection(.badTime, subject: report.subject(in: frame), message: message),
                connection
            )
            return false
        }
        return fill(&command, account, project, model, report, frame, connection)
    }

    private func fill(
        _ command: inout UsageCommand,
        _ account: AccountReference,
        _ project: UInt32,
        _ model: UInt32,
        _ report: UsageReport,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> Bool {
        command.org = account.org
        command.key = account.key
        command.project = project
        command.model = model
        command.provider = provider(report.provider, frame, connection)
        command.tokens = report.tokens
        command.latencyMilliseconds = report.latencyMilliseconds
        command.failed = report.failed
        command.cacheHit = report.cacheHit
        // A hold of another organisation cannot pay for this one.
        if let hold = report.hold, hold.org.raw == account.org { command.hold = hold.serial }
        return true
    }

    private func timeProblem(_ at: Timestamp) -> String? {
        if at > now.advanced(byMicroseconds: settings.aheadMicroseconds) {
            let minutes = settings.aheadMicroseconds / 60_000_000
            return "field \"at\": \(at) is more than \(minutes) minutes ahead of \(now)"
        }
        if at < now.advanced(byMicroseconds: -settings.lateMicroseconds) {
            let days = settings.lateMicroseconds / 86_400_000_000
            return "field \"at\": \(at) is more than \(days) days before \(now)"
        }
        return nil
    }

    private func identify(
        _ report: UsageReport,
        _ frame: RawSpan,
        _ connection: Connection,
        _ command: inout UsageCommand
    ) {
        var identity = StateDigest()
        identity.combine(bytes: (connection.producer?.name ?? "").utf8)
        identity.combine(UInt64(command.org))
        frame.extracting(report.id.bounds).withUnsafeBytes { identity.combine(bytes: $0) }
        // Zero means "no identity" in a record; one digest in 2^128 is moved to 1.
        let value = identity.value == 0 ? 1 : identity.value
        command.identityLow = UInt64(truncatingIfNeeded: value)
        command.identityHigh = UInt64(truncatingIfNeeded: value >> 64)
        command.content = contentDigest(report, frame, connection)
    }

    /// A digest of everything that a report says but its latency, which a retry may measure anew.
    private func contentDigest(
        _ report: UsageReport,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> UInt64 {
        let tokens = report.tokens
        var digest = ContentDigest()
        digest.combine(UInt64(tokens.input) << 32 | UInt64(tokens.output))
        digest.combine(UInt64(tokens.cacheRead) << 32 | UInt64(tokens.cacheWrite))
        let flags: UInt64 = (report.failed ? 1 : 0) | (report.cacheHit ? 2 : 0)
        digest.combine(UInt64(tokens.reasoning) << 32 | flags)
        digest.combine(UInt64(bitPattern: report.at?.microseconds ?? -1))
        digest.combine(report.hold?.serial ?? 0)
        digest.combine(report.hold.map { UInt64($0.org.raw) } ?? 0)
        // Texts, not indexes: another connection may number its names in another order.
        digest.combine(self.digest(of: report.model, .model, frame, connection))
        digest.combine(self.digest(of: report.provider, .provider, frame, connection))
        digest.combine(self.digest(of: report.project, .project, frame, connection))
        digest.combine(report.session, in: frame)
        digest.combine(report.id, in: frame)
        return digest.value == 0 ? 1 : digest.value
    }

    private func digest(
        of name: WireName,
        _ kind: NameKind,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> UInt64 {
        switch name {
        case .absent: 0
        case .text(let range): ContentDigest.of(range, in: frame)
        case .index(let index): connection.names.digest(of: kind, index)
        }
    }

    private func put(_ template: UsageCommand, _ report: UsageReport, _ frame: RawSpan) {
        var command = template
        command.idLength = UInt8(report.id.length)
        command.sessionLength = UInt8(report.session.length)
        let fixed = RingMessage.headerLength + MemoryLayout<UsageCommand>.size
        let length = fixed + Int(report.id.length) + Int(report.session.length)
        let ring = wiring.commands[shard(of: command.org)]
        guard let space = ring.claim(length) else {
            invariantBroken("a ring's room is checked before a message is put")
        }
        space.storeBytes(of: UInt64(CommandKind.usage.rawValue), as: UInt64.self)
        space.storeBytes(
            of: command,
            toByteOffset: RingMessage.headerLength,
            as: UsageCommand.self
        )
        copy(report.id, frame, to: UnsafeMutableRawBufferPointer(rebasing: space[fixed...]))
        let session = fixed + Int(report.id.length)
        copy(report.session, frame, to: UnsafeMutableRawBufferPointer(rebasing: space[session...]))
        budget -= 1
    }

    private func copy(
        _ range: ByteRange,
        _ frame: RawSpan,
        to target: UnsafeMutableRawBufferPointer
    ) {
        guard !range.isEmpty else { return }
        frame.extracting(range.bounds).withUnsafeBytes { target.copyMemory(from: $0) }
    }
}
