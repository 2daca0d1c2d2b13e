import ArgumentParser
import ControlPlane
import Quantities

struct RunwayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runway",
        abstract: "Shows how long the balance lasts, and what the month will come to.",
        discussion: """
            The rate is what was charged in the last 24 hours, and in the last 7 days; for a younger
            account, since it was opened, and in one hour at least. The runway is the available
            balance at that rate. The month's projection is what it was charged so far and the rate
            of the last 7 days for the rest of it.

            Examples:
              meterctl runway acme
              meterctl runway acme --json | jq .last_week.runway_seconds
            """
    )

    @Argument(help: "The organisation.")
    var organisation: String

    @OptionGroup var control: ControlOptions

    func run() async throws {
        let request = ControlRequest(.get, of: organisation, "outlook")
        try await control.show(OutlookBody.self, request) { RunwayText.text(of: $0) }
    }
}

/// Runways for people.
enum RunwayText {
    static func text(of body: OutlookBody) -> String {
        var money = TextTable([("", .left), ("CREDITS", .decimal)])
        money.add(["available", "\(body.wallet.available)"])
        money.add(["spent today", "\(body.spend.day)"])
        money.add(["spent this month", "\(body.spend.month)"])
        money.add(["this month, projected", body.monthProjected.map { "\($0)" }])
        var rates = TextTable([
            ("AT THE SPEND OF", .left), ("CREDITS", .decimal), ("LASTS", .left), ("UNTIL", .left),
        ])
        add(body.lastDay, "the last 24 hours", to: &rates)
        add(body.lastWeek, "the last 7 days", to: &rates)
        return money.text + "\n" + rates.text
    }

    private static func add(
        _ spend: RecentSpendBody,
        _ name: String,
        to table: inout TextTable
    ) {
        let runway = spend.runwaySeconds.map { seconds in
            spend.emptyAt == nil
                ? "100 years" : Figures.span(microseconds: seconds * 1_000_000)
        }
        table.add([name, "\(spend.charged)", runway, spend.emptyAt.map { "\($0)" }])
    }
}

/// What a spend report's rows stand for.
enum SpendBy: String, ExpressibleByArgument, CaseIterable, Sendable {
    case day
    case model
    case key
    case project
    case deployment
}

struct SpendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spend",
        abstract: "Shows what was spent, by day, model, key, project or deployment.",
        discussion: """
            Days are those of the account's time zone, today included; a day without spend is shown
            with 0. The spend is what was charged and what corrections have changed since.

            Examples:
              meterctl spend acme --days 7
              meterctl spend acme --by model --days 90
              meterctl spend acme --by key --json
            """
    )

    @Argument(help: "The organisation.")
    var organisation: String

    @Option(help: "What the rows stand for: day, model, key, project or deployment.")
    var by = SpendBy.day

    @Option(help: "How many days, 1 to 366, today included.")
    var days = 30

    @OptionGroup var control: ControlOptions

    func run() async throws {
        var request = ControlRequest(.get, of: organisation, "spend")
        request.filter("by", by.rawValue)
        request.filter("days", "\(days)")
        try await control.show(SpendReportBody.self, request) { SpendText.text(of: $0) }
    }
}

/// Spend reports for people.
enum SpendText {
    static func text(of body: SpendReportBody) -> String {
        var table = TextTable([
            (body.by.uppercased(), .left), ("REQUESTS", .right), ("INPUT", .right),
            ("CACHED", .right), ("OUTPUT", .right), ("CORRECTED", .decimal), ("SPEND", .decimal),
        ])
        for row in body.rows {
            table.add([
                row.name, Figures.count(row.requests), Figures.count(row.inputTokens),
                Figures.count(row.cacheReadInputTokens), Figures.count(row.outputTokens),
                row.corrected.isZero ? nil : "\(row.corrected)", "\(row.spend)",
            ])
        }
        var text = "\(body.from) to \(body.through)\n\n"
        text += body.rows.isEmpty ? "Nothing was spent.\n" : table.text
        text += "\nIn all \(body.total) credits; "
        return text + "in as many days before \(body.before) (\(body.trend)).\n"
    }
}

struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Shows the most expensive requests, the dearest first.",
        discussion: """
            Examples:
              meterctl top acme
              meterctl top acme --days 7 --limit 3
            """
    )

    @Argument(help: "The organisation.")
    var organisation: String

    @Option(help: "How many days, 1 to 366, today included.")
    var days = 30

    @Option(help: "How many requests, 1 to 10.")
    var limit = 10

    @OptionGroup var control: ControlOptions

    func run() async throws {
        var request = ControlRequest(.get, of: organisation, "dearest")
        request.filter("days", "\(days)")
        request.filter("limit", "\(limit)")
        try await control.show(DearestBody.self, request) { body in
            UsageText.table(body.requests)
        }
    }
}

struct SuggestionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suggestions",
        abstract: "Shows where money could be saved, with the numbers behind it.",
        discussion: """
            Looked at are the last 30 days: how much input came from a cache, the dearest requests
            of each day that were just above a cliff of their price, and machines that were charged
            on days on which their project had no request.

            Examples:
              meterctl suggestions acme
              meterctl suggestions acme --json | jq '.suggestions[].figures'
            """
    )

    @Argument(help: "The organisation.")
    var organisation: String

    @OptionGroup var control: ControlOptions

    func run() async throws {
        let request = ControlRequest(.get, of: organisation, "suggestions")
        try await control.show(SuggestionsBody.self, request) { body in
            if body.suggestions.isEmpty { return "Nothing to suggest.\n" }
            return body.suggestions.map { suggestion in
                let figures = suggestion.figures.sorted { $0.key < $1.key }
                    .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
                return "Up to \(suggestion.saving) credits in \(body.days) days: "
                    + "\(suggestion.text)\n  (\(figures))\n"
            }.joined(separator: "\n")
        }
    }
}
