import Quantities
import Rings
import Wire

extension IngestLoop {
    /// Takes a machine's sign of life: resolves its names and puts it into a ring.
    func take(_ report: HeartbeatReport, _ frame: RawSpan, _ connection: Connection) {
        if let overload { return fail(connection, ConnectionFault(.overloaded, overload)) }
        let producer = connection.producer ?? nobody
        if report.sequence != 0 {
            guard producer !== nobody else {
                let message = "a heartbeat with a sequence comes after a hello"
                return fail(connection, ConnectionFault(.notAllowed, message))
            }
            guard producer.isNext(report.sequence) else {
                return takeUnexpected(report, connection, producer)
            }
        }
        guard let command = command(report, frame, connection, producer) else { return }
        RingMessage.put(
            command,
            kind: CommandKind.heartbeat.rawValue,
            into: wiring.commands[shard(of: command.org)]
        )
        budget -= 1
        if report.sequence != 0 {
            producer.accept(report.sequence, digest: 0)
            markAccepted(connection)
        } else if !connection.reportedThisTurn {
            connection.reportedThisTurn = true
            reporters.append(connection)
        }
    }

    /// Deals with a report that is not the next one of its producer.
    private func takeUnexpected(
        _ report: HeartbeatReport,
        _ connection: Connection,
        _ producer: ProducerSession
    ) {
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
        connection.owesAcknowledgement = true
        markDirty(connection)
    }

    /// A report with its names resolved, or nil when it was rejected.
    private func command(
        _ report: HeartbeatReport,
        _ frame: RawSpan,
        _ connection: Connection,
        _ producer: ProducerSession
    ) -> HeartbeatCommand? {
        let subject: Rejection.Subject =
            report.sequence > 0 ? .sequence(report.sequence) : .unknown
        guard let account = account(.org, report.org, frame, connection) else {
            let message = quoted("org", report.org, .org, frame, connection) + " does not exist"
            reject(Rejection(.unknownOrg, subject: subject, message: message), connection)
            return nil
        }
        guard let machine = machine(report.machine, frame, connection) else {
            let message =
                quoted("machine", report.machine, .machine, frame, connection)
                + " has no price on the rate card"
            reject(Rejection(.unknownMachine, subject: subject, message: message), connection)
            return nil
        }
        if let at = report.at, !isTimely(at) {
            let message = timeProblem(at)
            reject(Rejection(.badTime, subject: subject, message: message), connection)
            return nil
        }
        var boot = StateDigest()
        frame.extracting(report.boot.bounds).withUnsafeBytes { boot.combine(bytes: $0) }
        return HeartbeatCommand(
            boot: boot.value,
            origin: connection.origin,
            producer: producer.number,
            org: account.org,
            sequence: report.sequence,
            uptime: report.uptimeMilliseconds,
            sentBytes: report.sentBytes ?? 0,
            at: report.at ?? .never,
            machine: machine,
            vcpu: report.vcpuThousandths ?? 0,
            memory: report.memoryThousandths ?? 0,
            storage: report.storageThousandths ?? 0,
            hasSentBytes: report.sentBytes != nil,
            isStopped: report.state == .stopped,
            deployment: ShortText(report.deployment, in: frame) ?? ShortText()
        )
    }

    /// The number of a machine, or nil when it has no price.
    private func machine(
        _ name: WireName,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> UInt32? {
        guard let index = index(name, .machine, frame, connection) else { return nil }
        let meaning = connection.names.machines.meaning(index)
        if meaning.pointee.isKnown(at: namesVersion) { return meaning.pointee.number }
        let answer = wiring.intake.machine(connection.names.machines.text(index) ?? "")
        meaning.pointee.note(answer, at: namesVersion)
        return answer
    }

    /// Asks for a machine that is to start.
    func authorize(
        _ request: MachineAuthorizeRequest,
        _ frame: RawSpan,
        _ connection: Connection
    ) {
        func reject(_ code: RejectionCode, _ message: String) {
            let subject = Rejection.Subject.request(request.request)
            self.reject(Rejection(code, subject: subject, message: message), connection)
        }
        if let overload { return reject(.overloaded, overload) }
        guard let account = account(request.accountKind, request.account, frame, connection) else {
            if request.accountKind == .org {
                return reject(
                    .unknownOrg,
                    quoted("org", request.account, .org, frame, connection) + " does not exist"
                )
            }
            connection.say(.refused(Refused(request: request.request, refusal: .invalidKey)))
            return markDirty(connection)
        }
        guard let machine = machine(request.machine, frame, connection) else {
            return reject(
                .unknownMachine,
                quoted("machine", request.machine, .machine, frame, connection)
                    + " has no price on the rate card"
            )
        }
        guard let project = project(request.project, account, frame, connection) else {
            return reject(
                .malformed,
                quoted("project", request.project, .project, frame, connection)
                    + " does not exist in this organisation"
            )
        }
        let command = StartMachineCommand(
            origin: connection.origin,
            request: request.request,
            org: account.org,
            key: account.key,
            generation: account.generation,
            project: project,
            machine: machine,
            vcpu: request.vcpuThousandths ?? 0,
            memory: request.memoryThousandths ?? 0,
            storage: request.storageThousandths ?? 0,
            deployment: ShortText(request.deployment, in: frame) ?? ShortText()
        )
        call(command, .startMachine, org: account.org, connection)
    }

    // MARK: - Orders

    /// An order's number on the wire has its organisation's in the upper half.
    func finish(_ done: OrderDone) {
        let org = UInt32(truncatingIfNeeded: done.order >> 32)
        guard org != 0 else { return }
        let command = OrderDoneCommand(org: org, order: UInt32(truncatingIfNeeded: done.order))
        putCall(command, .orderDone, shard: shard(of: org))
    }

    /// Has every shard tell a new subscriber the orders that are not done.
    func askForOrders(_ connection: Connection) {
        for shard in wiring.commands.indices {
            putCall(SubscribeCommand(origin: connection.origin), .subscribeOrders, shard: shard)
        }
    }

    func tell(_ reply: OrderReply) {
        let message = order(reply)
        for connection in subscribers where connection.topics.contains(.orders) {
            connection.say(.order(message))
            markDirty(connection)
        }
    }

    func order(_ reply: OrderReply) -> Order {
        Order(
            order: UInt64(reply.org) << 32 | UInt64(reply.order),
            deployment: reply.deployment.description,
            action: reply.action,
            reason: "\(reply.reason.name)"
        )
    }
}
