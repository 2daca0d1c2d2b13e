import Accounting
import DiskSimulation
import Engine
import Quantities
import Wire

extension Simulation {
    /// Whether there is too little to spend for anybody to begin.
    var needsAccounts: Bool {
        accounts.count < wantedAccounts || accounts.contains { $0.keys.isEmpty }
    }

    func created(_ name: String, _ zone: String) {
        accounts.append(Account(name: name, zone: zone))
    }

    func update(_ name: String, _ change: (inout Account) -> Void) {
        guard let index = accounts.firstIndex(where: { $0.name == name }) else { return }
        change(&accounts[index])
    }

    func closeAsked(_ name: String) {
        update(name) { $0.isClosing = true }
    }

    func changeAsked(_ name: String, _ key: String) {
        update(name) { account in
            for index in account.keys.indices where account.keys[index].name == key {
                account.keys[index].isChanging = true
            }
        }
    }

    /// Whether an organisation has been cut off ever since it was created, which nobody is told.
    func neverOpen(_ name: String) -> Bool {
        guard let number = life?.engine.number(ofOrganisation: name) else { return false }
        return !everOpen.contains(number)
    }

    func closed(_ name: String) {
        let step = step
        update(name) { $0.closedAt = $0.closedAt ?? step }
    }

    func hasPlan(_ name: String) -> Bool {
        accounts.contains { $0.name == name && $0.hasPlan }
    }

    func isClosing(_ name: String) -> Bool {
        accounts.contains { $0.name == name && $0.isClosing }
    }

    func noteGrant(_ key: String, _ grant: Evidence.GrantKey) throws(Violation) {
        if let before = grantsByKey[key], before != grant {
            throw Violation("granted-twice", "\(key): \(before) and \(grant)")
        }
        grantsByKey[key] = grant
    }

    /// Whether the daemon has a reason to reject a report.
    func mayReject(_ report: Report, _ code: RejectionCode?) -> Bool {
        if report.isBad { return true }
        guard let account = accounts.first(where: { $0.name == report.organisation }) else {
            return false
        }
        if account.isClosing, code == nil || code == .accountClosed { return true }
        guard report.accountKind == .key else { return false }
        // Only an old secret is unknown.
        let isCurrent = account.keys.contains { $0.secret == report.account && !$0.isChanging }
        return !isCurrent && (code == nil || code == .invalidKey)
    }

    func makeReport(id: String) -> Report {
        var report = Report(id: id, account: "nobody", model: "alpha", tokens: makeTokens())
        report.model = SimulatedCard.models[random.below(SimulatedCard.models.count)]
        report.isBad = true
        if !accounts.isEmpty, random.below(40) > 0 {
            let account = accounts[random.below(accounts.count)]
            report.isBad = false
            report.organisation = account.name
            report.account = account.name
            if random.below(2) == 0, let secret = anySecret(account) {
                report.accountKind = .key
                report.account = secret
            } else if random.below(3) == 0, !account.projects.isEmpty {
                report.project = account.projects[random.below(account.projects.count)]
            }
        }
        report.failed = random.below(16) == 0
        report.cacheHit = random.below(16) == 0
        if random.below(4) == 0 { report.provider = "north" }
        if random.below(4) == 0 { report.session = "session-\(random.below(9))" }
        if random.below(10) == 0 {
            report.at = clock.now().advanced(byMicroseconds: -Int64(random.below(7_200_000_000)))
            report.isBad = true
        }
        if random.below(50) == 0 {
            report.model = "no-such-model"
            report.isBad = true
        }
        return report
    }

    private func makeTokens() -> TokenCounts {
        var tokens = TokenCounts(
            input: UInt32(random.below(2_500)),
            output: UInt32(random.below(800))
        )
        if random.below(3) == 0 { tokens.cacheRead = UInt32(random.below(Int(tokens.input) + 1)) }
        if random.below(6) == 0 {
            tokens.cacheWrite = UInt32(random.below(Int(tokens.input - tokens.cacheRead) + 1))
        }
        if random.below(4) == 0 { tokens.reasoning = UInt32(random.below(Int(tokens.output) + 1)) }
        return tokens
    }

    private func anySecret(_ account: Account) -> String? {
        let secrets = account.keys.compactMap(\.secret)
        return secrets.isEmpty ? nil : secrets[random.below(secrets.count)]
    }

    /// One of the organisations that there are.
    func anyAccount() -> String? {
        accounts.isEmpty ? nil : accounts[random.below(accounts.count)].name
    }

    func makeRequest() -> Request? {
        guard !accounts.isEmpty else { return nil }
        let account = accounts[random.below(accounts.count)]
        var request = Request(
            accountKind: .org,
            account: account.name,
            organisation: account.name,
            model: SimulatedCard.models[random.below(SimulatedCard.models.count)],
            maxInput: UInt32(random.below(2_000))
        )
        request.sentAt = step
        if random.below(2) == 0, let secret = anySecret(account) {
            request.accountKind = .key
            request.account = secret
            request.key = account.keys.first { $0.secret == secret }?.name
        }
        if random.below(3) > 0 { request.maxOutput = UInt32(random.below(3_000)) }
        if random.below(3) == 0 { request.ttlMilliseconds = UInt32(1 + random.below(4_000)) }
        return request
    }

    /// Whether a hold may have been granted, by what its owner knew when he asked.
    func checkGrant(_ request: Request, _ granted: Granted) throws(Violation) {
        guard let account = accounts.first(where: { $0.name == request.organisation }) else {
            throw Violation("unexpected-answer", "\(granted) for \(request)")
        }
        if let closed = account.closedAt, closed < request.sentAt {
            throw Violation("grant-after-close", "\(granted) for \(request)")
        }
        if let key = account.keys.first(where: { $0.name == request.key }) {
            if let revoked = key.revokedAt, revoked < request.sentAt {
                throw Violation("grant-after-revocation", "\(granted) for \(request)")
            }
            if let died = key.dead[request.account], died < request.sentAt {
                throw Violation("grant-by-dead-secret", "\(granted) for \(request)")
            }
        }
        // What costs nothing passes every limit.
        guard granted.amount > .zero, let cut = cutSince[request.organisation],
            cut.step < request.sentAt
        else { return }
        if let eased = evidence.easings[granted.hold.org.raw], eased > cut.position { return }
        throw Violation("grant-after-cutoff", "\(granted) for \(request), cut at \(cut)")
    }

    /// Whether a request may have been refused, by what its owner knows now.
    func checkRefusal(_ request: Request, _ refused: Refused) throws(Violation) {
        guard let account = accounts.first(where: { $0.name == request.organisation }) else {
            throw Violation("unexpected-answer", "\(refused) for \(request)")
        }
        let isJust: Bool
        switch refused.body.code {
        case "account_closed":
            isJust = account.isClosing
        case "invalid_key":
            let key = account.keys.first { $0.secret == request.account }
            isJust = request.accountKind == .key && (key.map(\.isChanging) ?? true)
        case "plan_required", "purchase_required":
            isJust = account.hasPlan
        default:
            // A limit that bit has numbers which say so.
            isJust = refused.limit != nil
        }
        if !isJust { throw Violation("refused-without-reason", "\(refused) for \(request)") }
    }

    /// Somebody was told that an organisation is cut off.
    func cutoffTold(_ name: String) {
        guard let number = life?.engine.number(ofOrganisation: name), isCutOff(number) else {
            return
        }
        cutSince[name] = cutSince[name] ?? (step, evidence.end)
        if let cut = cutSince[name], let eased = evidence.easings[number], eased > cut.position {
            cutSince[name] = (step, evidence.end)
        }
    }
}
