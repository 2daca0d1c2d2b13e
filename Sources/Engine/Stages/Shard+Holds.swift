import Accounting
import Ingest
import Quantities
import Rating
import Rings
import Wire

extension Shard {
    /// Estimates a request, and asks the book for a hold.
    func authorize(_ command: AuthorizeCommand, _ loop: Int, _ gate: UInt64) {
        let header = ReplyHeader(origin: command.origin, gate: gate)
        guard let model = tableModel(command.model),
            let version = pricing.table.version(of: model, at: now)
        else {
            var reply = RejectedReply(
                header: header,
                code: .unknownModel,
                org: command.org,
                model: command.model
            )
            reply.name = command.request
            answer(reply, .rejected, loop)
            return
        }
        guard book(of: command.org).openHolds(of: command.org) < holdSettings.mostOpen else {
            return tooManyHolds(command.org, command.request, header, loop)
        }
        declareModel(command.model)
        // What is likely, not the most that could be: a long answer extends its hold as it runs.
        let output = min(command.maxOutput, holdSettings.sliceOutputTokens)
        let estimate = pricing.table.estimate(
            maxInput: command.maxInput,
            maxOutput: output,
            version: version
        )
        let request = HoldRequest(
            org: command.org,
            project: command.project,
            key: command.key,
            generation: command.generation,
            model: command.model,
            amount: estimate.amount,
            ttlMicroseconds: duration(command.ttlMilliseconds)
        )
        let result = book(of: command.org).authorize(request, at: now, into: records)
        switch result {
        case .granted(let granted):
            reply(
                granted,
                command.request,
                header,
                loop,
                output,
                isFinal: output == command.maxOutput
            )
        case .refused(let reason, let report):
            refuse(command.request, nil, reason, report, command.org, header, loop)
        }
    }

    /// Raises a hold to what was used and another slice.
    func extend(_ command: ExtendCommand, _ loop: Int, _ gate: UInt64) {
        let header = ReplyHeader(origin: command.origin, gate: gate)
        let org = command.hold.org.raw
        guard let hold = book(of: org).hold(command.hold),
            let model = tableModel(hold.model),
            let version = pricing.table.version(of: model, at: now)
        else {
            unknownHold(command.hold, command.request, header, loop)
            return
        }
        let (wanted, overflow) = command.tokens.output.addingReportingOverflow(
            holdSettings.sliceOutputTokens
        )
        let output = min(overflow ? .max : wanted, max(command.maxOutput, command.tokens.output))
        var tokens = command.tokens
        tokens.output = output
        guard let target = pricing.table.charge(tokens, version: version) else {
            unknownHold(command.hold, command.request, header, loop)
            return
        }
        let result = book(of: org).extend(
            command.hold,
            to: target.amount,
            ttlMicroseconds: holdSettings.defaultMicroseconds,
            at: now,
            into: records
        )
        switch result {
        case .granted(let granted) where granted.complete:
            reply(
                granted,
                command.request,
                header,
                loop,
                output,
                isFinal: output == command.maxOutput
            )
        case .granted(let granted):
            // The last slice: what is left is less than was asked for.
            let covered = pricing.table.outputTokensCovered(
                by: granted.amount,
                input: tokens.input,
                version: version
            )
            reply(granted, command.request, header, loop, covered ?? 0, isFinal: true)
        case .refused(.unknownHold, _):
            unknownHold(command.hold, command.request, header, loop)
        case .refused(let reason, let report):
            refuse(command.request, command.hold, reason, report, org, header, loop)
        }
    }

    func release(_ command: ReleaseCommand, _ loop: Int, _ gate: UInt64) {
        let header = ReplyHeader(origin: command.origin, gate: gate)
        let book = book(of: command.hold.org.raw)
        guard book.release(command.hold, lapsed: false, at: now, into: records) else {
            unknownHold(command.hold, command.request, header, loop)
            return
        }
        let reply = ReleasedReply(header: header, request: command.request, hold: command.hold)
        answer(reply, .released, loop)
    }

    private func duration(_ milliseconds: UInt32) -> Int64 {
        guard milliseconds > 0 else { return holdSettings.defaultMicroseconds }
        return min(Int64(milliseconds) * 1000, holdSettings.maximumMicroseconds)
    }

    func reply(
        _ granted: Authorization.Granted,
        _ request: RequestToken,
        _ header: ReplyHeader,
        _ loop: Int,
        _ output: UInt32,
        isFinal: Bool
    ) {
        counters.granted.add()
        let left = max(0, granted.expiresAt.microseconds - now.microseconds) / 1000
        let answer = Granted(
            request: request,
            hold: granted.hold,
            amount: granted.amount,
            validMilliseconds: UInt32(clamping: left),
            isFinal: isFinal,
            outputTokens: output
        )
        self.answer(GrantedReply(header: header, granted: answer), .granted, loop)
    }

    private func unknownHold(
        _ hold: HoldNumber,
        _ request: RequestToken,
        _ header: ReplyHeader,
        _ loop: Int
    ) {
        var reply = RejectedReply(header: header, code: .unknownHold, org: hold.org.raw)
        reply.name = request
        reply.hold = hold.serial
        answer(reply, .rejected, loop)
    }

    /// Whoever never settles takes nobody else's memory: money alone would not bound what is open.
    func tooManyHolds(
        _ org: UInt32,
        _ request: RequestToken,
        _ header: ReplyHeader,
        _ loop: Int
    ) {
        var reply = RejectedReply(header: header, code: .overloaded, org: org)
        reply.name = request
        reply.hold = UInt64(holdSettings.mostOpen)
        answer(reply, .rejected, loop)
    }

    func refuse(
        _ request: RequestToken,
        _ hold: HoldNumber?,
        _ reason: RefusalReason,
        _ report: LimitReport?,
        _ org: UInt32,
        _ header: ReplyHeader,
        _ loop: Int
    ) {
        let code: RefusalCode
        switch reason {
        case .accountClosed: code = .accountClosed
        case .invalidKey: code = .invalidKey
        case .spendCapExceeded: code = .spendCapExceeded
        case .insufficientCredits: code = .insufficientCredits
        case .planRequired: code = .planRequired
        case .purchaseRequired: code = .purchaseRequired
        case .unknownOrganisation, .unknownHold:
            var reply = RejectedReply(header: header, code: .unknownOrg, org: org)
            reply.name = request
            answer(reply, .rejected, loop)
            return
        }
        counters.refused.add()
        var reply = RefusedReply(
            header: header,
            request: request,
            hold: hold ?? HoldNumber(org: OrgNumber(org), serial: 0),
            code: code,
            org: org
        )
        if let report {
            reply.scope = LimitScope(report.scope)
            reply.period = report.period.map { Wire.CapPeriod($0) }
            reply.id = report.id
            reply.amount = report.amount
            reply.spent = report.spent
            reply.held = report.held
            reply.resetsAt = report.resetsAt ?? .never
        }
        answer(reply, .refused, loop)
    }
}

extension LimitScope {
    init(_ scope: Scope) {
        switch scope {
        case .organisation: self = .org
        case .project: self = .project
        case .key: self = .key
        }
    }
}

extension Wire.CapPeriod {
    init(_ period: Accounting.CapPeriod) {
        switch period {
        case .day: self = .day
        case .week: self = .week
        case .month: self = .month
        case .total: self = .total
        }
    }
}
