import ControlPlane
import MeterClient
import Quantities
import Wire

/// The newcomer's five minutes: a wallet burns down, is cut off, is topped up and goes on, and in
/// the end every number is held against every other.
struct DemoStory: Sendable {
    /// What the demonstration is about.
    struct Plan: Sendable {
        var organisation: String
        var model: String
        var credits: Amount
        var topUp: Amount
        var dataPath: String
        /// How many requests run after the top-up.
        var requestsAfter: UInt64 = 25
        /// How long any one step may take.
        var patienceSeconds: UInt64 = 60
    }

    let plan: Plan
    let client: ControlClient
    let board = DemoBoard()

    /// Plays the story and proves its end.
    func play() async throws -> DemoOutcome {
        let secret = try await open()
        let account = MeterAccount.key(secret)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            // Whatever happens in between, the threads end: the group waits for them.
            defer { board.change { $0.isOver = true } }
            start("subscription", in: &group) { [plan, board] in
                try DemoStory.follow(plan, board)
            }
            try await wait("the subscription") { $0.isSubscribed }
            for (name, manner) in [("stream", DemoGateway.Manner.reporting), ("ask", .asking)] {
                start(name, in: &group) { [plan, board] in
                    try DemoGateway(
                        manner,
                        board: board,
                        path: plan.dataPath,
                        producer: "\(plan.organisation)-\(name)",
                        account: account,
                        model: plan.model
                    ).run()
                }
            }
            try await burnDown()
            try await showRefusal(account)
            try await topUp()
            try await goOn()
            board.change { $0.isOver = true }
            for try await _ in group {}
            if let failure = board.now.failure { throw failure }
            return try await DemoProof(plan: plan, client: client, board: board.now).prove()
        }
    }

    // MARK: - Steps

    private func open() async throws -> String {
        let status = try await ask(StatusBody.self, ControlRequest(.get, "v1", "status"))
        Console.line("meterd \(status.version) on node \(status.node), \(status.rateCard)\n")
        var create = ControlRequest(.post, "v1", "organisations")
        create.body = try Fields([("name", plan.organisation)]).json
        _ = try await ask(OrganisationBody.self, create)
        var key = ControlRequest(.post, of: plan.organisation, "keys")
        key.body = try Fields([("name", "gateway")]).json
        let secret = try await ask(NewSecretBody.self, key).secret
        Console.line("Organisation \(plan.organisation) is open. Its key, shown this once:")
        Console.line("  \(secret)")
        let receipt = try await grant(plan.credits, note: "first purchase")
        Console.line("Grant \(receipt.grant): \(plan.credits) credits purchased.\n")
        Console.line("One gateway reports requests to \(plan.model), another asks before each:")
        return secret
    }

    private func burnDown() async throws {
        var shown = plan.credits
        try await wait("the cutoff") {
            $0.isCutOff
        } meanwhile: {
            let balance = try await wallet().posted
            let line = DemoText.burnDown(balance: balance, of: plan.credits, board.now)
            Console.redraw(line)
            // Where nobody watches, a line for each tenth.
            if !Console.current.isTerminal, (shown - balance).units > plan.credits.units / 10 {
                shown = balance
                Console.line("  " + line)
            }
        }
        Console.endRedraw()
        if let cutoff = board.now.cutoff {
            Console.line("\nCUT OFF   \(WatchPrinter.line("cutoff", cutoff))")
        }
    }

    private func showRefusal(_ account: MeterAccount) async throws {
        try await Blocking.run { [plan, board] in
            try DemoGateway(
                .asking,
                board: board,
                path: plan.dataPath,
                producer: "\(plan.organisation)-late",
                account: account,
                model: plan.model
            ).askOnce()
        }
        guard let refusal = board.now.refusal else {
            throw Failure(.negative, "A request was granted although the wallet is cut off.")
        }
        Console.line("The next request is refused. Its client gets HTTP \(refusal.status):")
        Console.line("  \(refusal.body)\n")
    }

    private func topUp() async throws {
        let receipt = try await grant(plan.topUp, note: "top-up")
        Console.line("Grant \(receipt.grant): \(plan.topUp) credits purchased.")
        try await wait("the restore") { $0.restored != nil }
        if let restored = board.now.restored {
            Console.line("RESTORED  \(WatchPrinter.line("restored", restored))")
        }
    }

    private func goOn() async throws {
        let goal = board.now.sent + plan.requestsAfter
        try await wait("more requests") { $0.sent >= goal || $0.isCutOff }
        Console.line("\(board.now.sent - (goal - plan.requestsAfter)) more requests have run.\n")
    }

    // MARK: - Threads

    private func start(
        _ name: String,
        in group: inout ThrowingTaskGroup<Void, any Error>,
        _ body: @escaping @Sendable () throws -> Void
    ) {
        let board = board
        group.addTask {
            do {
                try await Blocking.run(body)
            } catch {
                let failure = error as? Failure ?? Failure(.bug, "\(name): \(error)")
                board.change { $0.failure = $0.failure ?? failure }
            }
        }
    }

    private static func follow(_ plan: Plan, _ board: DemoBoard) throws {
        try Subscription.follow(
            path: plan.dataPath,
            until: nil,
            isOver: { board.isOver },
            { push in
                board.change { state in
                    switch push {
                    case .present: state.isSubscribed = true
                    case .cutoff(let cutoff) where isAbout(plan, cutoff):
                        state.isCutOff = true
                        state.cutoff = state.cutoff ?? cutoff
                    case .restored(let cutoff) where isAbout(plan, cutoff):
                        state.isCutOff = false
                        state.restored = cutoff
                    case .cutoff, .restored, .order: break
                    }
                }
            }
        )
    }

    private static func isAbout(_ plan: Plan, _ cutoff: Cutoff) -> Bool {
        cutoff.scope == .org && cutoff.id == plan.organisation
    }

    // MARK: - Asking

    private func grant(_ amount: Amount, note: String) async throws -> GrantReceiptBody {
        var request = ControlRequest(.post, of: plan.organisation, "grants")
        request.idempotencyKey = IdempotencyOptions.newKey()
        request.body = try Fields([
            ("amount", amount.description), ("class", "purchased"), ("note", note),
        ]).json
        return try await ask(GrantReceiptBody.self, request)
    }

    private func wallet() async throws -> WalletBody {
        let request = ControlRequest(.get, of: plan.organisation, "balance")
        return try await ask(BalanceBody.self, request).wallet
    }

    private func ask<Body: Decodable>(
        _ type: Body.Type,
        _ request: ControlRequest
    ) async throws -> Body {
        try Control.read(type, from: try await Control.ask(request, of: client))
    }

    /// Waits until the board shows something; a thread's failure ends the waiting.
    private func wait(
        _ what: String,
        _ condition: (DemoBoard.State) -> Bool,
        meanwhile: () async throws -> Void = {}
    ) async throws {
        let deadline = Blocking.nanoseconds + plan.patienceSeconds * 1_000_000_000
        while !condition(board.now) {
            if let failure = board.now.failure { throw failure }
            guard Blocking.nanoseconds < deadline else {
                board.change { $0.isOver = true }
                throw Failure(.negative, "\(what) did not come within \(plan.patienceSeconds) s.")
            }
            try await meanwhile()
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
