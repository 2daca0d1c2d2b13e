import ArgumentParser
import ControlPlane
import Quantities

struct BalanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "balance",
        abstract: "Shows a wallet: posted, held, available, and what was spent.",
        discussion: """
            Examples:
              meterctl balance acme
              meterctl balance acme --json | jq -r .wallet.available
              meterctl balance acme --at 2026-03-01T10:00:00Z
            """
    )

    @Argument(help: "The organisation.")
    var organisation: String

    @Option(
        help: ArgumentHelp("The ledger's balance at a moment, instead of now.", valueName: "time")
    )
    var at: Moment?

    @OptionGroup var control: ControlOptions

    func run() async throws {
        var request = ControlRequest(.get, of: organisation, "balance")
        if let at {
            request.filter("at", at.text)
            return try await control.show(BalanceAtBody.self, request) { RefundText.balance($0) }
        }
        try await control.show(BalanceBody.self, request) { BalanceText.text(of: $0) }
    }
}

/// Wallets for people.
enum BalanceText {
    static func text(of body: BalanceBody) -> String {
        var list = TextList()
        list.add("Organisation", body.organisation)
        list.add(
            "State",
            OrganisationText.state(closed: body.closed, reasons: body.cutoffReasons)
        )
        list.add("Open holds", Figures.count(body.openHolds))
        if let plan = body.plan { list.add("Plan", plan) }
        if let mode = body.billingMode { list.add("Billing", mode) }
        if let credit = body.credit { list.add("A credit", unit(credit)) }
        return list.text + "\n" + wallet(body.wallet) + "\n" + spend(body.spend)
    }

    private static func unit(_ credit: CreditBody) -> String {
        var text = "is called \(credit.name)"
        if let value = credit.value, let currency = credit.currency {
            text += " and is worth \(value) \(currency)"
        } else if let currency = credit.currency {
            text += " and is sold in \(currency)"
        }
        return text
    }

    static func wallet(_ wallet: WalletBody) -> String {
        var table = TextTable([("WALLET", .left), ("CREDITS", .decimal)])
        table.add(["posted", "\(wallet.posted)"])
        table.add(["held", "\(wallet.held)"])
        table.add(["available", "\(wallet.available)"])
        if !wallet.debt.isZero { table.add(["debt", "\(wallet.debt)"]) }
        return table.text
    }

    static func spend(_ spend: SpendBody) -> String {
        var table = TextTable([("SPENT", .left), ("CREDITS", .decimal)])
        table.add(["on \(spend.date)", "\(spend.day)"])
        table.add(["in that week", "\(spend.week)"])
        table.add(["in that month", "\(spend.month)"])
        table.add(["ever", "\(spend.total)"])
        return table.text
    }
}

/// Which lines of a ledger or a log to show.
struct PageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Applied at or after.", valueName: "time"))
    var from: Moment?

    @Option(help: ArgumentHelp("Applied before.", valueName: "time"))
    var to: Moment?

    @Option(help: ArgumentHelp("Only lines with a lower number.", valueName: "line"))
    var before: UInt64?

    @Option(help: "How many lines at most, 1 to 1000.")
    var limit = 50

    func apply(to request: inout ControlRequest) {
        request.filter("from", from?.text)
        request.filter("to", to?.text)
        request.filter("before", before.map { "\($0)" })
        request.filter("limit", "\(limit)")
    }
}

struct TransactionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transactions",
        abstract: "Shows the ledger with its running balance, newest line first.",
        discussion: """
            Examples:
              meterctl transactions acme
              meterctl transactions acme --kind purchase --from 2026-03-01 --to 2026-04-01
              meterctl transactions acme --before 8819 --limit 1000
            """
    )

    @Argument(help: "The organisation.")
    var organisation: String

    @Option(help: ArgumentHelp("Only this kind, such as usage or purchase.", valueName: "kind"))
    var kind: String?

    @OptionGroup var page: PageOptions
    @OptionGroup var control: ControlOptions

    func run() async throws {
        var request = ControlRequest(.get, of: organisation, "transactions")
        request.filter("kind", kind)
        page.apply(to: &request)
        try await control.show(TransactionsBody.self, request) { LedgerText.table($0) }
    }
}

struct UsageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Shows the per-request log, newest first.",
        discussion: """
            With a key, project, session, model or status 31 days are looked through: the last
            ones, those up to --to, or those from --from on.

            Examples:
              meterctl usage acme
              meterctl usage acme --key main --model claude-sonnet --status error
              meterctl usage acme --session s-1 --from 2026-03-01 --to 2026-04-01
              meterctl usage acme --json | jq '.usage[].charge'
            """
    )

    enum Status: String, ExpressibleByArgument, CaseIterable, Sendable {
        case ok
        case error
    }

    @Argument(help: "The organisation.")
    var organisation: String

    @Option(help: ArgumentHelp("Only requests of this key.", valueName: "name"))
    var key: String?

    @Option(help: ArgumentHelp("Only requests of this project.", valueName: "name"))
    var project: String?

    @Option(help: ArgumentHelp("Only requests of this session.", valueName: "session"))
    var session: String?

    @Option(help: ArgumentHelp("Only requests to this model.", valueName: "name"))
    var model: String?

    @Option(help: "Only those that went well, or only those that failed.")
    var status: Status?

    @OptionGroup var page: PageOptions
    @OptionGroup var control: ControlOptions

    func run() async throws {
        var request = ControlRequest(.get, of: organisation, "usage")
        request.filter("key", key)
        request.filter("project", project)
        request.filter("session", session)
        request.filter("model", model)
        request.filter("status", status?.rawValue)
        page.apply(to: &request)
        try await control.show(UsagePageBody.self, request) { UsageText.table($0) }
    }
}

/// Ledger lines for people.
enum LedgerText {
    static func table(_ body: TransactionsBody) -> String {
        if body.transactions.isEmpty { return "No lines.\n" }
        var table = TextTable([
            ("LINE", .right), ("APPLIED", .left), ("KIND", .left), ("AMOUNT", .decimal),
            ("BALANCE", .decimal), ("PROJECT", .left), ("KEY", .left), ("DETAIL", .left),
        ])
        for line in body.transactions {
            table.add([
                Figures.count(line.line), "\(line.appliedAt)", line.kind, "\(line.amount)",
                "\(line.balance)", line.project, line.key, line.detail,
            ])
        }
        return table.text + more(body.nextBefore)
    }

    static func more(_ before: UInt64?) -> String {
        before.map { "\nThere may be more: --before \($0)\n" } ?? ""
    }
}

/// The per-request log for people.
enum UsageText {
    static func table(_ body: UsagePageBody) -> String {
        table(body.usage) + LedgerText.more(body.nextBefore)
    }

    static func table(_ requests: [UsageBody]) -> String {
        if requests.isEmpty { return "No requests.\n" }
        var table = TextTable([
            ("LINE", .right), ("AT", .left), ("MODEL", .left), ("INPUT", .right),
            ("CACHED", .right), ("OUTPUT", .right), ("CHARGE", .decimal), ("MS", .right),
            ("STATUS", .left), ("KEY", .left), ("ID", .left),
        ])
        for request in requests {
            table.add([
                Figures.count(request.line), "\(request.at)", request.model,
                Figures.count(request.inputTokens), Figures.count(request.cacheReadInputTokens),
                Figures.count(request.outputTokens), "\(request.charge)",
                request.latencyMs.map { Figures.count($0) },
                request.cacheHit ? "cache" : request.status, request.key, request.id,
            ])
        }
        return table.text
    }
}

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Proves the books; exits with 1 when they are not green.",
        discussion: """
            Every wallet's chain: gapless numbers, balance[n] = balance[n-1] + amount[n], the sum
            of the lines = the balance = what memory has.

            Examples:
              meterctl audit
              meterctl audit acme
            """
    )

    @Argument(help: "One organisation; otherwise all.")
    var organisation: String?

    @Option(help: "How many seconds it may take.")
    var timeout = 600

    @OptionGroup var control: ControlOptions

    func run() async throws {
        var request = ControlRequest(.post, "v1", "audit")
        request.body = try Fields([("organisation", organisation)]).json
        let reply = try await control.ask(AuditBody.self, request, timeoutSeconds: timeout)
        Console.current.write(control.json ? reply.answer.text : AuditText.text(of: reply.body))
        guard reply.body.green else { throw Failure(.negative, "The books are not green.") }
    }
}

/// An audit's outcome for people.
enum AuditText {
    static func text(of body: AuditBody) -> String {
        let what =
            "\(Figures.plural(body.organisations, "organisation", "organisations")), "
            + "\(Figures.plural(body.lines, "line", "lines")), \(body.balance) credits in all\n"
        if body.green { return "Green: " + what }
        var text = "NOT GREEN: " + what
        if body.drifted > 0 {
            text += "  - \(Figures.plural(body.drifted, "wallet differs", "wallets differ")) "
            text += "between memory and PostgreSQL\n"
        }
        for violation in body.violations { text += "  - \(violation)\n" }
        return text
    }
}
