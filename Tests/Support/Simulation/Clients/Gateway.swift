import Quantities
import Wire

/// A gateway: asks before each request, extends long ones, and settles or gives back.
final class Gateway: Source {
    private struct Running {
        var hold: HoldNumber
        var request: Request
        var isFinal: Bool
        var output: UInt32
    }

    private enum Question {
        case authorize(Request)
        case extend(Running)
        case release(HoldNumber)
    }

    private var questions: [UInt64: Question] = [:]
    private var lastQuestion: UInt64 = 0
    private var running: [Running] = []

    override var isDone: Bool { super.isDone && questions.isEmpty }

    override var unanswered: String? {
        questions.isEmpty ? super.unanswered : "\(questions.count) questions are not answered"
    }

    override func reset() {
        super.reset()
        // What was asked on a connection that is gone is not answered any more.
        questions = [:]
    }

    override func say(_ speaker: Speaker) -> Bool {
        guard world.isGenerating else { return super.say(speaker) }
        switch world.roll(4) {
        case 0, 1:
            guard questions.count < 8, running.count < 24 else { return super.say(speaker) }
            guard let request = world.makeRequest() else { return super.say(speaker) }
            lastQuestion += 1
            questions[lastQuestion] = .authorize(request)
            speaker.authorize(request, number: lastQuestion)
            world.statistics.authorizations += 1
            return true
        case 2:
            guard !running.isEmpty else { return super.say(speaker) }
            goOn(speaker)
            return true
        default:
            return super.say(speaker)
        }
    }

    override func invent() {
        // Usage of a gateway comes with its requests; some has no hold.
        if world.roll(4) == 0 { super.invent() }
    }

    /// Goes on with one of the requests that run.
    private func goOn(_ speaker: Speaker) {
        let place = world.roll(running.count)
        let one = running[place]
        switch world.roll(8) {
        case let roll where roll < 3 && !one.isFinal:
            running.remove(at: place)
            lastQuestion += 1
            questions[lastQuestion] = .extend(one)
            let tokens = TokenCounts(
                input: one.request.maxInput,
                output: one.output
            )
            speaker.extend(
                one.hold,
                number: lastQuestion,
                tokens: tokens,
                maxOutput: one.request.maxOutput
            )
            world.statistics.extensions += 1
        case 3:
            running.remove(at: place)
            lastQuestion += 1
            questions[lastQuestion] = .release(one.hold)
            speaker.release(one.hold, number: lastQuestion)
            world.statistics.releases += 1
        case 4:
            // Forgotten: it lapses.
            running.remove(at: place)
        default:
            running.remove(at: place)
            settle(one)
        }
    }

    private func settle(_ one: Running) {
        var report = world.makeReport(id: nextID())
        report.isBad = false
        report.at = nil
        report.organisation = one.request.organisation
        report.accountKind = one.request.accountKind
        report.account = one.request.account
        report.project = nil
        report.model = one.request.model
        report.hold = one.hold
        add(report)
        world.statistics.settlements += 1
    }

    override func take(_ message: DaemonMessage) throws(Violation) {
        switch message {
        case .granted(let granted):
            guard case .number(let number) = granted.request,
                let question = questions.removeValue(forKey: number)
            else { throw Violation("unexpected-answer", "\(name): \(granted)") }
            try take(granted, question)
        case .refused(let refused):
            guard case .number(let number) = refused.request,
                let question = questions.removeValue(forKey: number)
            else { throw Violation("unexpected-answer", "\(name): \(refused)") }
            world.statistics.refusals += 1
            if case .authorize(let request) = question {
                try world.checkRefusal(request, refused)
            }
            // An extension that is refused leaves the hold as it was.
            if case .extend(let one) = question { running.append(one) }
        case .released(let released):
            guard case .number(let number) = released.request,
                case .release(let hold)? = questions.removeValue(forKey: number),
                hold == released.hold
            else { throw Violation("unexpected-answer", "\(name): \(released)") }
        default: try super.take(message)
        }
    }

    private func take(_ granted: Granted, _ question: Question) throws(Violation) {
        let key = Evidence.HoldKey(org: granted.hold.org.raw, serial: granted.hold.serial)
        guard world.evidence.holds[key] != nil else {
            throw Violation("granted-unwritten", "\(granted.hold) is not in the journal")
        }
        switch question {
        case .authorize(let request):
            try world.checkGrant(request, granted)
            world.statistics.grants += 1
            running.append(
                Running(
                    hold: granted.hold,
                    request: request,
                    isFinal: granted.isFinal,
                    output: granted.outputTokens
                )
            )
        case .extend(var one):
            guard one.hold == granted.hold else {
                throw Violation("unexpected-answer", "\(name): \(granted) for \(one.hold)")
            }
            one.isFinal = granted.isFinal
            one.output = granted.outputTokens
            running.append(one)
        case .release:
            throw Violation("unexpected-answer", "\(name): \(granted) for a release")
        }
    }

    override func take(_ rejection: Rejection) throws(Violation) {
        guard case .request(let token) = rejection.subject else {
            return try super.take(rejection)
        }
        guard case .number(let number) = token,
            let question = questions.removeValue(forKey: number)
        else { throw Violation("unexpected-answer", "\(name): \(rejection)") }
        switch (rejection.code, question) {
        case (.overloaded, .extend(let one)): running.append(one)
        case (.overloaded, _): break
        // A hold may have lapsed, or gone down with a power cut before it was durable.
        case (.unknownHold, .extend), (.unknownHold, .release): break
        default: throw Violation("rejected-without-reason", "\(name): \(rejection)")
        }
    }
}
