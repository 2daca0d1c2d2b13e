import ArgumentParser
import ControlPlane
import Quantities

struct TopUpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topup",
        abstract: "Lets a wallet buy credits by itself when it runs low.",
        discussion: """
            Nothing is asked for at the threshold, one top-up below it, and no second one while
            one is under way. After a failure it waits, twice as long each time. A limit of money
            holds for a calendar month of the account's time zone.

            Examples:
              meterctl topup set acme --below 5 --amount 50
              meterctl topup set acme --below 200000 --pack standard --monthly-limit 50
              meterctl topup show acme
              meterctl topup off acme
            """,
        subcommands: [Set.self, On.self, Off.self, Show.self]
    )

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets what is bought and when, and switches it on.",
            discussion: """
                What is not given stays as it was set before.

                Examples:
                  meterctl topup set acme --below 5 --amount 50
                  meterctl topup set acme --monthly-limit none
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @Option(
            help: ArgumentHelp("Buy when the posted balance is below this.", valueName: "amount")
        )
        var below: Amount?

        @Option(help: ArgumentHelp("The pack to buy.", valueName: "name"))
        var pack: String?

        @Option(help: ArgumentHelp("How many credits to buy, instead of a pack."))
        var amount: Amount?

        @Option(
            help: ArgumentHelp(
                "At most so much money in a calendar month, or \"none\".",
                discussion: "Unless it is ever set, the offer's limit applies.",
                valueName: "money"
            )
        )
        var monthlyLimit: String?

        @OptionGroup var collector: ConnectorOptions
        @OptionGroup var control: ControlOptions

        func validate() throws {
            if pack != nil, amount != nil {
                throw ValidationError("Give --pack or --amount, not both.")
            }
        }

        func run() async throws {
            var request = ControlRequest(.put, of: organisation, "topup")
            request.body = try Fields([
                ("state", "on"), ("threshold", below?.description), ("pack", pack),
                ("amount", amount?.description), ("monthly_limit", monthlyLimit),
                ("connector", collector.connector),
            ]).json
            try await control.show(TopUpBody.self, request, as: TopUpText.summary)
        }
    }

    struct On: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Switches it on again as it was set, at today's price.",
            discussion: """
                Example:
                  meterctl topup on acme
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @OptionGroup var control: ControlOptions

        func run() async throws {
            var request = ControlRequest(.put, of: organisation, "topup")
            request.body = try Fields([("state", "on")]).json
            try await control.show(TopUpBody.self, request, as: TopUpText.summary)
        }
    }

    struct Off: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Switches it off; what is under way stays so.",
            discussion: """
                Example:
                  meterctl topup off acme
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = ControlRequest(.delete, of: organisation, "topup")
            try await control.show(TopUpBody.self, request, as: TopUpText.summary)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what is set, and how far it has come.",
            discussion: """
                Example:
                  meterctl topup show acme
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = ControlRequest(.get, of: organisation, "topup")
            try await control.show(TopUpBody.self, request, as: TopUpText.summary)
        }
    }
}

/// Top-ups for people.
enum TopUpText {
    static func summary(_ body: TopUpBody) -> String {
        guard let threshold = body.threshold, let amount = body.amount, let price = body.price
        else { return "Top-up      off, and never set\n" }
        let currency = body.currency.flatMap { $0.isEmpty ? nil : "\($0) " } ?? ""
        let what = body.pack.map { "pack \($0), " } ?? ""
        let limit = body.monthlyLimit.map { "of at most \(currency)\($0)" } ?? "without a limit"
        var lines = [
            "Top-up      \(body.state)", "Below       \(threshold)",
            "Buys        \(what)\(amount) credits for \(currency)\(price)",
            "Connector   \(body.connector ?? "-")",
            "This month  \(currency)\(body.asked) asked for, \(limit)"
                + (body.limitReached ? ": REACHED" : ""),
        ]
        if let pending = body.pending { lines.append("Under way   purchase \(pending)") }
        if body.failures > 0 {
            let retry = body.retryAt.map { ", tried again at \($0)" } ?? ""
            lines.append("FAILED      \(body.failures) times in a row\(retry)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
