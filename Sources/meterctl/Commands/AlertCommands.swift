import ArgumentParser
import ControlPlane
import Quantities

struct AlertsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts",
        abstract: "Shows alerts, and sets what an organisation is told of.",
        discussion: """
            Examples:
              meterctl alerts list acme --after 12
              meterctl alerts set acme --low-balance 100 --cap-percent 80 --daily
            """,
        subcommands: [
            AlertListCommand.self, AlertSettingsCommand.self, AlertSetCommand.self,
            AlertResetCommand.self,
        ],
        defaultSubcommand: AlertListCommand.self
    )
}

struct AlertListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Shows the alerts that went off, the newest first.",
        discussion: """
            With --after it goes on from there, the oldest first: a program that gives the highest
            one it has seen misses none. Of one organisation --after and --before are the alert's
            number; of all they are its place in the order in which alerts were stored.

            Examples:
              meterctl alerts list
              meterctl alerts list --open
              meterctl alerts list acme --before 12
              meterctl alerts list --after 0 --json
            """
    )

    @Argument(help: "The organisation; otherwise all.")
    var organisation: String?

    @Option(
        help: ArgumentHelp("Only those behind this one, the oldest first.", valueName: "number")
    )
    var after: UInt64?

    @Option(help: ArgumentHelp("Only those before this one.", valueName: "number"))
    var before: UInt64?

    @Option(help: ArgumentHelp("Only those from this moment on.", valueName: "time"))
    var from: Moment?

    @Flag(help: "Only those that have not recovered.")
    var open = false

    @Option(help: "How many at most, 1 to 1000.")
    var limit = 50

    @OptionGroup var control: ControlOptions

    func validate() throws {
        if after != nil, before != nil {
            throw ValidationError("--after goes on and --before goes back: give one of them.")
        }
    }

    func run() async throws {
        var request = ControlRequest(.get, "v1", "alerts")
        if let organisation {
            request = ControlRequest(.get, "v1", "organisations", organisation, "alerts")
        }
        request.filter("order", after == nil ? "newest" : "oldest")
        request.filter("after", after.map { "\($0)" })
        request.filter("before", before.map { "\($0)" })
        request.filter("from", from?.text)
        request.filter("open", open ? "true" : nil)
        request.filter("limit", "\(limit)")
        try await control.show(AlertsBody.self, request) { AlertText.table($0) }
    }
}

struct AlertSettingsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings",
        abstract: "Shows what an organisation is told of.",
        discussion: """
            Examples:
              meterctl alerts settings acme
            """
    )

    @Argument(help: "The organisation.")
    var organisation: String

    @OptionGroup var control: ControlOptions

    func run() async throws {
        let request = AlertText.request(.get, organisation)
        try await control.show(AlertSettingsBody.self, request) { AlertText.settings($0) }
    }
}

struct AlertSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Sets all that an organisation is told of.",
        discussion: """
            It replaces what was set before, and what the offer says; without any option the
            organisation is told of nothing. Each of --low-balance and --cap-percent may be given
            up to eight times. Days, weeks and months end in the account's time zone.

            Examples:
              meterctl alerts set acme --low-balance 100 --low-balance 20
              meterctl alerts set acme --cap-percent 50 --cap-percent 80 --weekly
              meterctl alerts set acme --deployment-cost day=5 --deployment-cost month=100
            """
    )

    @Argument(help: "The organisation.")
    var organisation: String

    @Option(help: ArgumentHelp("A balance below which it is told.", valueName: "amount"))
    var lowBalance: [Amount] = []

    @Option(help: ArgumentHelp("A share of every spend cap, 1 to 100.", valueName: "percent"))
    var capPercent: [Int] = []

    @Option(
        help: ArgumentHelp(
            "What a deployment may cost in a day, week, month or in total until it is told.",
            valueName: "period=amount"
        )
    )
    var deploymentCost: [DeploymentLimit] = []

    @Flag(help: "Sum up each day at its end.")
    var daily = false

    @Flag(help: "Sum up each week at its end.")
    var weekly = false

    @OptionGroup var control: ControlOptions

    func validate() throws {
        let periods = deploymentCost.map(\.period)
        guard Set(periods).count == periods.count else {
            throw ValidationError("--deployment-cost stands twice for a period.")
        }
    }

    func run() async throws {
        var request = AlertText.request(.put, organisation)
        request.body = try ControlJSON.bytes(
            AlertWishes(
                lowBalance: lowBalance,
                capPercent: capPercent,
                deploymentCost: DeploymentLimit.body(deploymentCost),
                dailySummary: daily,
                weeklySummary: weekly
            )
        )
        try await control.show(AlertSettingsBody.self, request) { AlertText.settings($0) }
    }
}

struct AlertResetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "Goes back to what the offer says an organisation is told of.",
        discussion: """
            Examples:
              meterctl alerts reset acme
            """
    )

    @Argument(help: "The organisation.")
    var organisation: String

    @OptionGroup var control: ControlOptions

    func run() async throws {
        let request = AlertText.request(.delete, organisation)
        try await control.show(AlertSettingsBody.self, request) { AlertText.settings($0) }
    }
}

/// The body of the call that sets wishes.
private struct AlertWishes: Encodable {
    var lowBalance: [Amount]
    var capPercent: [Int]
    var deploymentCost: DeploymentCostBody
    var dailySummary: Bool
    var weeklySummary: Bool
}

/// A period with the cost of a deployment from which on it is told: `day=5`.
struct DeploymentLimit: ExpressibleByArgument {
    static let periods = ["day", "week", "month", "total"]

    let period: String
    let amount: Amount

    init?(argument: String) {
        let sides = argument.split(separator: "=", omittingEmptySubsequences: false)
        guard sides.count == 2, DeploymentLimit.periods.contains(String(sides[0])),
            let amount = Amount(argument: String(sides[1]))
        else { return nil }
        self.period = String(sides[0])
        self.amount = amount
    }

    static func body(_ limits: [DeploymentLimit]) -> DeploymentCostBody {
        func limit(_ period: String) -> Amount? { limits.first { $0.period == period }?.amount }
        return DeploymentCostBody(
            day: limit("day"),
            week: limit("week"),
            month: limit("month"),
            total: limit("total")
        )
    }
}

/// Alerts for people.
enum AlertText {
    static func request(_ method: ControlRequest.Method, _ organisation: String) -> ControlRequest {
        ControlRequest(method, "v1", "organisations", organisation, "alert-settings")
    }

    static func table(_ body: AlertsBody) -> String {
        if body.alerts.isEmpty { return "No alerts.\n" }
        var table = TextTable([
            ("ALERT", .left), ("WHEN", .left), ("KIND", .left), ("WHAT", .left), ("STATE", .left),
        ])
        for alert in body.alerts {
            table.add([
                alert.id, "\(alert.raisedAt)", alert.kind, what(alert),
                alert.clearedAt.map { $0 == alert.raisedAt ? "told" : "over since \($0)" }
                    ?? "open",
            ])
        }
        let more = body.nextAfter.map { "\nThere may be more: --after \($0)\n" } ?? ""
        return table.text + more + LedgerText.more(body.nextBefore)
    }

    private static func what(_ alert: AlertBody) -> String {
        let value = alert.value.map { "\($0)" } ?? ""
        switch alert.kind {
        case "low_balance": return "\(value) is below \(alert.threshold.map { "\($0)" } ?? "")"
        case "cap_threshold":
            let of = [alert.scope, alert.name].compactMap { $0 }.joined(separator: " ")
            return "\(value) is \(alert.percent ?? 0) % or more of the \(alert.period ?? "") cap "
                + "\(alert.cap.map { "\($0)" } ?? "") of \(of)"
        case "daily_summary": return "\(value) spent on \(alert.day)"
        case "weekly_summary": return "\(value) spent in the week of \(alert.day)"
        default: return [value, alert.text ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
        }
    }

    static func settings(_ body: AlertSettingsBody) -> String {
        var list = TextList()
        list.add("Set by", body.own ? "the organisation" : "the offer")
        let balances = body.lowBalance.map { "\($0)" }.joined(separator: ", ")
        list.add("Balance below", balances.isEmpty ? "-" : balances)
        let percents = body.capPercent.map { "\($0) %" }.joined(separator: ", ")
        list.add("Of each cap", percents.isEmpty ? "-" : percents)
        list.add("Deployment's cost", costs(body.deploymentCost))
        list.add("Daily summary", body.dailySummary ? "yes" : "no")
        list.add("Weekly summary", body.weeklySummary ? "yes" : "no")
        return list.text
    }

    private static func costs(_ body: DeploymentCostBody) -> String {
        let limits = [
            ("a day", body.day), ("a week", body.week), ("a month", body.month),
            ("in total", body.total),
        ].compactMap { word, amount in amount.map { "\($0) \(word)" } }
        return limits.isEmpty ? "-" : limits.joined(separator: ", ")
    }
}
