import Accounting
import Quantities
import Rings
import Wire

extension IngestLoop {
    /// Deals with one message that is not part of a usage frame.
    func take(_ step: ClientStep, _ frame: RawSpan, _ connection: Connection) {
        switch step {
        case .nothing: break
        case .fault(let fault): fail(connection, fault)
        case .rejected(let rejection): reject(rejection, connection)
        case .message(let message): take(message, frame, connection)
        }
    }

    private func take(_ message: ClientMessage, _ frame: RawSpan, _ connection: Connection) {
        switch message {
        case .hello(let hello): greet(hello, frame, connection)
        case .name(let definition):
            define(definition, frame, connection)
        case .usage(let report): take(report, frame, connection, connection.producer ?? nobody)
        case .heartbeat(let report): take(report, frame, connection)
        case .authorize(let request): authorize(request, frame, connection)
        case .authorizeMachine(let request): authorize(request, frame, connection)
        case .extend(let request): extend(request, connection)
        case .release(let request): release(request, connection)
        case .subscribe(let topics): subscribe(topics, connection)
        case .orderDone(let done): finish(done)
        case .ping:
            connection.say(.pong)
            markDirty(connection)
        }
    }

    private func authorize(
        _ request: AuthorizeRequest,
        _ frame: RawSpan,
        _ connection: Connection
    ) {
        func reject(_ code: RejectionCode, _ message: String) {
            let subject = Rejection.Subject.request(request.request)
            self.reject(Rejection(code, subject: subject, message: message), connection)
        }
        if let overload { return reject(.overloaded, overload) }
        guard
            let account = account(request.accountKind, request.account, frame, connection)
        else {
            if request.accountKind == .org {
                return reject(
                    .unknownOrg,
                    quoted("org", request.account, .org, frame, connection) + " does not exist"
                )
            }
            let refused = Refused(request: request.request, refusal: .invalidKey)
            connection.say(.refused(refused))
            markDirty(connection)
            return
        }
        guard let model = model(request.model, request.provider, frame, connection) else {
            return reject(
                .unknownModel,
                quoted("model", request.model, .model, frame, connection)
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
        let command = AuthorizeCommand(
            origin: connection.origin,
            request: request.request,
            org: account.org,
            key: account.key,
            generation: account.generation,
            project: project,
            model: model,
            maxInput: request.maxInputTokens ?? 0,
            maxOutput: request.maxOutputTokens ?? .max,
            ttlMilliseconds: request.ttlMilliseconds ?? 0
        )
        call(command, .authorize, org: account.org, connection)
    }

    private func extend(_ request: ExtendRequest, _ connection: Connection) {
        if let overload {
            let subject = Rejection.Subject.request(request.request)
            reject(Rejection(.overloaded, subject: subject, message: overload), connection)
            return
        }
        let command = ExtendCommand(
            origin: connection.origin,
            request: request.request,
            hold: request.hold,
            tokens: request.tokens,
            maxOutput: request.maxOutputTokens ?? .max
        )
        call(command, .extend, org: request.hold.org.raw, connection)
    }

    private func release(_ request: ReleaseRequest, _ connection: Connection) {
        let command = ReleaseCommand(
            origin: connection.origin,
            request: request.request,
            hold: request.hold
        )
        call(command, .release, org: request.hold.org.raw, connection)
    }

    private func subscribe(_ topics: Topics, _ connection: Connection) {
        if connection.topics.isEmpty, !topics.isEmpty {
            wiring.signal.changeSubscribers(by: 1)
            subscribers.append(connection)
        }
        let wantsOrders = topics.contains(.orders) && !connection.topics.contains(.orders)
        connection.topics.formUnion(topics)
        if wantsOrders { askForOrders(connection) }
        guard topics.contains(.cutoffs), connection.presentPending == 0 else {
            connection.say(.subscribed(Subscribed(topics: connection.topics, cutoffs: [])))
            markDirty(connection)
            return
        }
        connection.presentPending = wiring.commands.count
        for shard in wiring.commands.indices {
            putCall(SubscribeCommand(origin: connection.origin), .subscribe, shard: shard)
        }
    }

    /// Puts a question into the ring to a shard: its answer waits for nothing to be durable.
    func putCall<Command: BitwiseCopyable>(
        _ command: Command,
        _ kind: CommandKind,
        shard: Int
    ) {
        let ring = wiring.commands[shard]
        let start = ring.claimedPosition
        RingMessage.put(command, kind: kind.rawValue, into: ring)
        let first = lastCalls[shard].upperBound == start ? lastCalls[shard].lowerBound : start
        lastCalls[shard] = first..<ring.claimedPosition
        budget -= 1
    }

    /// Up to where a command ring holds what is acknowledged when it is durable.
    ///
    /// Why: nobody hurries the disk for the calls behind it, and an acknowledgement that waited for
    /// them would come with the next tick.
    func owedPosition(_ shard: Int) -> UInt64 {
        let claimed = wiring.commands[shard].claimedPosition
        return lastCalls[shard].upperBound == claimed ? lastCalls[shard].lowerBound : claimed
    }

    /// The shard that owns an organisation's partition.
    func shard(of org: UInt32) -> Int {
        Int(AccountBook.partition(of: org)) % wiring.commands.count
    }

    /// Says that a message was not taken; a sequence that it had is used up by that.
    func reject(_ rejection: Rejection, _ connection: Connection) {
        wiring.counters.rejected.add()
        connection.say(.rejected(rejection))
        markDirty(connection)
        guard case .sequence(let sequence) = rejection.subject, rejection.code != .sequenceGap,
            rejection.code != .overloaded, let producer = connection.producer,
            sequence == producer.accepted + 1
        else { return }
        producer.accept(sequence, digest: 0)
        markAccepted(connection)
        let command = SkipCommand(producer: producer.number, sequence: sequence)
        RingMessage.put(command, kind: CommandKind.skip.rawValue, into: wiring.commands[0])
        budget -= 1
    }
}
