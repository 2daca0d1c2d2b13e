import Accounting
import Quantities
import Wire

extension IngestLoop {
    func cutoff(_ notice: NoticeReply) -> Cutoff {
        Cutoff(
            scope: notice.scope,
            id: wiring.intake.name(of: notice.scope, org: notice.org, id: notice.id),
            reason: CutoffReasons(rawValue: notice.reasons).words.first ?? "restored",
            at: notice.at
        )
    }

    func refused(_ reply: RefusedReply) -> Refused {
        var refusal = Refusal.invalidKey
        refusal.code = reply.code
        if let scope = reply.scope {
            let name: RefusalLimit.Name =
                switch scope {
                case .org: reply.period == nil ? .balance : .organisationCap
                case .project: .projectCap
                case .key: .keyCap
                }
            refusal.limit = RefusalLimit(
                name,
                id: wiring.intake.name(of: scope, org: reply.org, id: reply.id),
                amount: reply.amount,
                spent: reply.spent,
                held: reply.held,
                period: reply.period,
                resetsAt: reply.resetsAt == .never ? nil : reply.resetsAt
            )
        }
        return Refused(
            request: reply.request,
            refusal: refusal,
            hold: reply.hold.serial == 0 ? nil : reply.hold
        )
    }

    func rejection(_ reply: RejectedReply) -> Rejection {
        let subject: Rejection.Subject
        if reply.isID, case .text(let id) = reply.name {
            subject = .id(id)
        } else if reply.sequence > 0 {
            subject = .sequence(reply.sequence)
        } else if reply.isUnasked {
            subject = .unknown
        } else {
            subject = .request(reply.name)
        }
        return Rejection(reply.code, subject: subject, message: message(reply))
    }

    private func message(_ reply: RejectedReply) -> String {
        let organisation = wiring.intake.name(of: .org, org: reply.org, id: 0)
        switch reply.code {
        case .accountClosed:
            return "field \"org\": the organisation \"\(organisation)\" is closed"
        case .unknownModel:
            let model = wiring.intake.modelName(reply.model)
            return "field \"model\": \"\(model)\" has no price on the rate card at this time"
        case .conflict:
            return "field \"id\": it was used before with other content"
        case .unknownOrg:
            return "field \"org\": there is no such organisation"
        case .unknownHold:
            let hold = HoldNumber(org: OrgNumber(reply.org), serial: reply.hold)
            return "field \"hold\": \"\(hold)\" is not open: it was settled, released or has lapsed"
        case .badTokenCounts:
            return "the charge does not fit: the balance would leave 26 digits"
        case .overloaded where reply.machine != 0:
            return "field \"deployment\": the organisation \"\(organisation)\" has \(reply.hold) "
                + "deployments in use and may have no more (machine_runs.max_per_org)"
        case .overloaded:
            return "the organisation \"\(organisation)\" has \(reply.hold) open holds and may have "
                + "no more (holds.max_open_per_org): settle or release some"
        case .unknownMachine:
            let machine = wiring.intake.machineName(reply.machine)
            return "field \"machine\": \"\(machine)\" has no price on the rate card at this time"
        case .badTime where reply.machine != 0:
            let minutes = max(1, settings.aheadMicroseconds / 60_000_000)
            return "field \"uptime_ms\": \(reply.hold) cannot be true: with what this boot has "
                + "told before it leads more than \(minutes) minutes beyond \"at\" and the "
                + "present, or to a boot before 1970"
        case .malformed where reply.machine != 0:
            let machine = wiring.intake.machineName(reply.machine)
            return "field \"machine\": the cost of \"\(machine)\" does not fit: it would leave 26 "
                + "digits"
        case .malformed, .tooLarge, .invalidKey, .badTime, .sequenceGap:
            return "rejected"
        }
    }
}
