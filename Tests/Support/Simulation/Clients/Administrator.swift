import Accounting
import DiskSimulation
import Engine
import Quantities
import SimulatedBooks

/// An administrator: one call after the other, each repeated until its outcome is known.
final class Administrator {
    unowned let world: Simulation
    let name: String
    private var call: AdministrativeCall?
    private var box: AnswerBox?
    /// In which of the daemon's lives the call is under way.
    private var life = 0
    /// Whether the call may have been carried out already, in a life that has ended.
    private var isRepeated = false
    /// Whether somebody knew the coupon to be redeemed when the call began.
    ///
    /// Answers of two calls may overtake each other on their way.
    private var wasRedeemed = false
    private(set) var calls = 0
    private var lastGrant: AdministrativeCall?
    /// Calls about purchases, to be made again in another order.
    var buyingCalls: [AdministrativeCall] = []

    init(_ world: Simulation, _ name: String) {
        self.world = world
        self.name = name
    }

    var isDone: Bool { call == nil }

    /// What a daemon that has nothing to do has not answered yet; nil for nothing.
    var debt: String? {
        guard let call, box != nil, life == world.lives else { return nil }
        return "\(call) is not answered"
    }

    /// Does one thing.
    func act() throws(Violation) -> Bool {
        if let box, let call, life == world.lives {
            guard let answer = box.take() else { return false }
            self.box = nil
            try take(answer, call)
            return true
        }
        guard let engine = world.engine else { return false }
        if call == nil {
            guard world.isGenerating, world.roll(16) == 0 || world.needsAccounts else {
                return false
            }
            call = invent()
            isRepeated = false
        }
        guard let call else { return false }
        let box = AnswerBox()
        isRepeated = isRepeated || self.box != nil
        self.box = box
        life = world.lives
        world.statistics.administration += 1
        switch call {
        case .close(let organisation): world.closeAsked(organisation)
        case .coupon(let organisation, let code):
            wasRedeemed = world.redeemed.contains("\(organisation) \(code)")
        case .plan(let organisation, _, _): world.update(organisation) { $0.hasPlan = true }
        case .rotateKey(let organisation, let name), .revokeKey(let organisation, let name):
            world.changeAsked(organisation, name)
        default: break
        }
        let charge = charge(call)
        Task(executorPreference: world.executor) {
            if case .refund(let organisation, let request) = call {
                let outcome = await Administrator.refund(organisation, request, charge, engine)
                return box.put(.refund(outcome))
            }
            box.put(await Administrator.perform(call, engine))
        }
        return true
    }

    private static func perform(
        _ call: AdministrativeCall,
        _ engine: Engine
    ) async -> AdministrativeAnswer {
        do throws(AdministrationError) {
            switch call {
            case .createOrganisation(let name, let zone):
                _ = try await engine.createOrganisation(name: name, zone: zone, plan: nil)
            case .createProject(let organisation, let name):
                _ = try await engine.createProject(organisation: organisation, name: name)
            case .createKey(let organisation, let name, let project):
                let made = try await engine.createKey(
                    organisation: organisation,
                    name: name,
                    project: project
                )
                return .secret(made.secret)
            case .rotateKey(let organisation, let name):
                let made = try await engine.rotateKey(organisation: organisation, name: name)
                return .secret(made.secret)
            case .revokeKey(let organisation, let name):
                _ = try await engine.revokeKey(organisation: organisation, name: name)
            case .grant(let organisation, let request):
                return .granted(
                    try await engine.grant(organisation: organisation, request: request)
                )
            case .cap(let organisation, let target, let period, let amount):
                _ = try await engine.setCap(
                    organisation: organisation,
                    target: target,
                    period: period,
                    amount: amount
                )
            case .plan, .coupon, .billing, .adjust:
                try await setTerms(call, engine)
            case .close(let organisation):
                _ = try await engine.closeOrganisation(name: organisation, reason: "simulated")
            case .alerts(let organisation, let rules):
                _ = try await engine.setAlerts(organisation: organisation, rules: rules)
            case .refund: break
            case .purchase, .confirm, .fail, .topUp:
                return try await Administrator.buy(call, engine)
            case .correct(let organisation, let correction):
                try await engine.correct(correction, organisation: organisation)
            }
            return .done
        } catch {
            return .failed(error)
        }
    }

    private static func setTerms(
        _ call: AdministrativeCall,
        _ engine: Engine
    ) async throws(AdministrationError) {
        switch call {
        case .plan(let organisation, let name, let start):
            _ = try await engine.setPlan(organisation: organisation, plan: name, start: start)
        case .coupon(let organisation, let code):
            _ = try await engine.redeemCoupon(organisation: organisation, code: code)
        case .billing(let organisation, let mode):
            _ = try await engine.setBilling(
                organisation: organisation,
                request: BillingRequest(mode: mode)
            )
        case .adjust(let organisation, let request):
            _ = try await engine.adjust(organisation: organisation, request: request)
        default: break
        }
    }

    private func take(
        _ answer: AdministrativeAnswer,
        _ call: AdministrativeCall
    ) throws(Violation) {
        if case .failed(.overloaded) = answer { return }
        // What was settled lately and is not stored yet cannot be told for a moment.
        if case .failed(.unavailable) = answer { return }
        self.call = nil
        switch (call, answer) {
        case (.createOrganisation(let name, let zone), .done):
            try expectDurable(world.evidence.organisations[name], "organisation \(name)")
            world.created(name, zone)
        case (.createOrganisation(let name, let zone), .failed(.exists)) where isRepeated:
            world.created(name, zone)
        case (.createProject(let organisation, let name), .done):
            world.update(organisation) { $0.projects.append(name) }
        case (.createProject(let organisation, let name), .failed(.exists)) where isRepeated:
            world.update(organisation) { $0.projects.append(name) }
        case (.createKey(let organisation, let name, _), .secret(let secret)):
            world.update(organisation) { $0.keys.append(AccountKey(name: name, secret: secret)) }
        case (.createKey(let organisation, let name, _), .failed(.exists)) where isRepeated:
            // Its secret is lost with the answer; a rotation gives another.
            world.update(organisation) { $0.keys.append(AccountKey(name: name, secret: nil)) }
        case (.rotateKey(let organisation, let name), .secret(let secret)):
            let step = world.step
            world.update(organisation) { $0.rotate(name, to: secret, at: step) }
        case (.revokeKey(let organisation, let name), .done):
            let step = world.step
            world.update(organisation) { $0.revoke(name, at: step) }
        case (.grant(let organisation, let request), .granted(let receipt)):
            try check(receipt, request, organisation)
            lastGrant = call
        case (.cap, .done), (.plan, .done), (.billing, .done), (.adjust, .done), (.alerts, .done),
            (.correct, .done):
            break
        case (.refund(let organisation, _), .refund(let outcome)):
            try check(outcome, organisation)
        // Once for each account, whoever redeems it.
        case (.coupon(let organisation, let code), .done):
            let isFirst = world.givenCoupons.insert("\(organisation) \(code)").inserted
            guard isFirst, !wasRedeemed else { throw Violation("redeemed-twice", "\(call)") }
            world.redeemed.insert("\(organisation) \(code)")
        case (.coupon(let organisation, let code), .failed(.couponRedeemed)):
            world.redeemed.insert("\(organisation) \(code)")
        // There may be no plan yet whose month could end.
        case (.plan(_, _, .periodEnd), .failed(.invalid)): break
        case (.grant, .failed(.planRequired)) where world.hasPlan(call.organisation): break
        case (.close(let organisation), .done): world.closed(organisation)
        case (.purchase, _), (.confirm, _), (.fail, _), (.topUp, _):
            try takeBuying(answer, call)
        // What was closed takes nothing more; a rotated key may be revoked.
        case (_, .failed(.accountClosed)) where world.isClosing(call.organisation): break
        // A grant may have run out, and a key may have been revoked, before the call came through.
        case (.grant, .failed(.invalid)), (.rotateKey, .failed(.invalid)): break
        case (.rotateKey, .failed(.notFound)), (.revokeKey, .failed(.notFound)): break
        default: throw Violation("administration", "\(call) answered \(answer)")
        }
    }

    private func check(
        _ receipt: GrantReceipt,
        _ request: GrantRequest,
        _ organisation: String
    ) throws(Violation) {
        guard let number = world.engine?.number(ofOrganisation: organisation) else {
            throw Violation("organisation-lost", organisation)
        }
        let key = Evidence.GrantKey(org: number, grant: receipt.grant)
        try expectDurable(world.evidence.grants[key]?.position, "grant \(key)")
        guard world.evidence.grants[key]?.amount == request.amount else {
            throw Violation("granted-otherwise", "\(key) for \(request.amount)")
        }
        try world.noteGrant(request.idempotencyKey, key)
    }

    func expectDurable(_ position: UInt64?, _ what: String) throws(Violation) {
        guard let position else { throw Violation("acked-lost", what) }
        guard position <= world.durableFloor else {
            throw Violation("acked-unsafe", "\(what) at \(position)")
        }
    }

    /// Thinks of something to do.
    private func invent() -> AdministrativeCall {
        calls += 1
        let accounts = world.accounts
        if accounts.count < world.wantedAccounts {
            let zone = SimulatedCalendar.zones[world.roll(3)].name
            return .createOrganisation(name: "\(name)-org-\(calls)", zone: zone)
        }
        let account = accounts[world.roll(accounts.count)]
        if account.keys.isEmpty, world.roll(2) == 0 {
            let key = "key-\(calls)-\(name)"
            return .createKey(organisation: account.name, name: key, project: nil)
        }
        switch world.roll(24) {
        case 0:
            return .createProject(organisation: account.name, name: "project-\(calls)-\(name)")
        case 1, 2:
            let project =
                account.projects.isEmpty || world.roll(2) == 0
                ? nil : account.projects[world.roll(account.projects.count)]
            return .createKey(
                organisation: account.name,
                name: "key-\(calls)-\(name)",
                project: project
            )
        case 3, 4:
            // Two changes of one key at a time would leave nobody knowing which secret came last.
            guard let key = account.steadyKey(&world.random) else { return grant(account) }
            return .rotateKey(organisation: account.name, name: key)
        case 5 where world.roll(3) == 0:
            guard let key = account.steadyKey(&world.random) else { return grant(account) }
            return .revokeKey(organisation: account.name, name: key)
        case 6, 7, 8, 9:
            return cap(account)
        case 10 where world.roll(12) == 0 && accounts.count > 2:
            return .close(organisation: account.name)
        case 12, 13: return terms(account)
        case 14: return refund(account)
        case 15: return alerts(account)
        case 16, 17, 18, 19, 20, 22: return buying(account)
        case 21: return correction(account) ?? grant(account)
        case 11:
            if let lastGrant { return lastGrant }
            return grant(account)
        default:
            return grant(account)
        }
    }

    private func terms(_ account: Account) -> AdministrativeCall {
        let name = account.name
        switch world.roll(6) {
        case 0, 1:
            let plans = SimulatedCard.plans
            return .plan(
                organisation: name,
                name: plans[world.roll(plans.count)],
                start: world.roll(3) == 0 ? .periodEnd : .now
            )
        case 2, 3:
            let codes = SimulatedCard.coupons
            return .coupon(organisation: name, code: codes[world.roll(codes.count)])
        case 4:
            let modes = BillingMode.allCases
            return .billing(organisation: name, mode: modes[world.roll(modes.count)])
        default:
            let units = Int128(1 + world.roll(50)) * 1_000_000_000
            return .adjust(
                organisation: name,
                request: AdjustmentRequest(
                    amount: Amount(units: world.roll(2) == 0 ? units : -units),
                    actor: self.name,
                    reason: "simulated",
                    idempotencyKey: "\(self.name)-adjust-\(calls)"
                )
            )
        }
    }

    /// Corrects some requests that the database has: only such can be corrected.
    private func correction(_ account: Account) -> AdministrativeCall? {
        guard let org = world.engine?.number(ofOrganisation: account.name),
            let rows = world.database.books.organisations[org]
        else { return nil }
        let cells = rows.rollups.keys.sorted {
            ($0.day, $0.project, $0.key, $0.model) < ($1.day, $1.project, $1.key, $1.model)
        }
        guard !cells.isEmpty else { return nil }
        let cell = cells[world.roll(cells.count)]
        let units = Int128(1 + world.roll(1_000)) * 10_000_000
        return .correct(
            organisation: account.name,
            correction: Rerated(
                rerate: "\(name)-rerate-\(calls)",
                day: CivilDay(number: cell.day),
                project: cell.project,
                key: cell.key,
                model: cell.model,
                requests: 1,
                amount: Amount(units: world.roll(2) == 0 ? units : -units),
                note: "simulated"
            )
        )
    }

    private func cap(_ account: Account) -> AdministrativeCall {
        var target = CapTarget.organisation
        if world.roll(2) == 0, !account.keys.isEmpty {
            target = .key(account.anyKey(&world.random))
        } else if world.roll(2) == 0, !account.projects.isEmpty {
            target = .project(account.projects[world.roll(account.projects.count)])
        }
        let periods = CapPeriod.allCases
        let amount = Amount(units: Int128(1 + world.roll(200)) * 1_000_000_000)
        return .cap(
            organisation: account.name,
            target: target,
            period: periods[world.roll(periods.count)],
            amount: world.roll(2) == 0 ? nil : amount
        )
    }

    private func grant(_ account: Account) -> AdministrativeCall {
        let classes = GrantClass.allCases
        let now = world.clock.now()
        let begins = Int64(world.roll(7_200)) * 1_000_000
        let lasts = Int64(60 + world.roll(14_400)) * 1_000_000
        let effective = world.roll(6) == 0 ? now.advanced(byMicroseconds: begins) : nil
        let expires =
            world.roll(3) == 0
            ? (effective ?? now).advanced(byMicroseconds: lasts) : nil
        return .grant(
            organisation: account.name,
            request: GrantRequest(
                amount: Amount(units: Int128(1 + world.roll(100)) * 1_000_000_000),
                grantClass: classes[world.roll(classes.count)],
                effectiveAt: effective,
                expiresAt: expires,
                priority: world.roll(2) == 0 ? nil : Int32(world.roll(5)),
                idempotencyKey: "\(name)-grant-\(calls)"
            )
        )
    }
}
