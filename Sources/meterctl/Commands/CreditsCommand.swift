import ArgumentParser
import ControlPlane
import MeterClient

struct CreditsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credits",
        abstract: "Shows an account's credits page: its balance and history, by its own key.",
        discussion: """
            It is what GET /api/billing/credits answers to a customer: each entry has amount, type
            (purchase, grant, refund or deduction), time and resource.

            Examples:
              METERD_KEY=mk_... meterctl credits
              meterctl credits --org acme --limit 10
            """
    )

    @OptionGroup var account: AccountOptions

    @Option(help: ArgumentHelp("Applied at or after.", valueName: "time"))
    var from: Moment?

    @Option(help: ArgumentHelp("Applied before.", valueName: "time"))
    var to: Moment?

    @Option(help: ArgumentHelp("Only entries with a lower number.", valueName: "number"))
    var before: UInt64?

    @Option(help: "How many at most, 1 to 1000, newest first.")
    var limit = 50

    @OptionGroup var control: ControlOptions

    func validate() throws {
        _ = try account.required()
    }

    func run() async throws {
        var request = ControlRequest(.get, "api", "billing", "credits")
        let payer = try account.required()
        switch payer {
        case .key(let secret): request.bearer = secret
        case .org(let name): request.filter("organisation", name)
        }
        request.filter("from", from?.text)
        request.filter("to", to?.text)
        request.filter("before", before.map { "\($0)" })
        request.filter("limit", "\(limit)")
        try await control.show(CreditsBody.self, request) { CreditsText.page($0) }
    }
}

/// Credits pages for people.
enum CreditsText {
    static func page(_ body: CreditsBody) -> String {
        var list = TextList()
        list.add("Organisation", body.organisation)
        list.add("Balance", "\(body.balance)")
        list.add("Available", "\(body.available)")
        var table = TextTable([
            ("ENTRY", .right), ("TIME", .left), ("TYPE", .left), ("AMOUNT", .decimal),
            ("BALANCE", .decimal), ("PROJECT", .left), ("SESSION", .left), ("DETAIL", .left),
        ])
        for entry in body.history {
            table.add([
                "\(entry.id)", "\(entry.time)", entry.type, "\(entry.amount)",
                "\(entry.balance)", entry.resource.project, entry.resource.session,
                entry.resource.detail,
            ])
        }
        var text = list.text + "\n"
        text += body.history.isEmpty ? "No entries.\n" : table.text
        if let next = body.nextBefore { text += "\nThere may be more: --before \(next)\n" }
        return text
    }
}
