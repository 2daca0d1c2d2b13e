import ArgumentParser
import ControlPlane
import Quantities

struct PurchaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purchase",
        abstract: "Asks for credits to be bought, and says what became of it.",
        discussion: """
            What is sold, and for how much, stands in the offer. A purchase is open until it is
            confirmed with the name of a payment, or fails.

            Examples:
              meterctl purchase create acme --pack starter
              meterctl purchase create acme --credits 25 --payment bank-2026-117
              meterctl purchase list acme --open
              meterctl purchase list --open
              meterctl purchase confirm acme 3 --payment pi_3Nq
              meterctl purchase fail acme 3 --reason "card declined"
            """,
        subcommands: [Create.self, Confirm.self, Fail.self, List.self, Show.self]
    )

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Asks for a pack or an amount; with a payment it is credited at once.",
            discussion: """
                Examples:
                  meterctl purchase create acme --pack starter
                  meterctl purchase create acme --credits 25 --payment bank-2026-117
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @Option(help: ArgumentHelp("The pack, as the offer names it.", valueName: "name"))
        var pack: String?

        @Option(help: ArgumentHelp("How many credits, instead of a pack.", valueName: "amount"))
        var credits: Amount?

        @Option(
            help: ArgumentHelp(
                "The payment, where the money is there already.",
                discussion: "It is credited once, however often it is sent.",
                valueName: "name"
            )
        )
        var payment: String?

        @OptionGroup var collector: ConnectorOptions
        @OptionGroup var idempotency: IdempotencyOptions
        @OptionGroup var control: ControlOptions

        func validate() throws {
            if (pack == nil) == (credits == nil) {
                throw ValidationError("Say what is bought: --pack NAME or --credits AMOUNT.")
            }
        }

        func run() async throws {
            var request = ControlRequest(.post, of: organisation, "purchases")
            if payment == nil { request.idempotencyKey = idempotency.announced() }
            request.body = try Fields([
                ("pack", pack), ("credits", credits?.description), ("payment", payment),
                ("connector", collector.connector),
            ]).json
            try await control.show(PurchaseReceiptBody.self, request, as: PurchaseText.receipt)
        }
    }

    struct Confirm: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says that a purchase is paid for; its credits are in the wallet at once.",
            discussion: """
                Example:
                  meterctl purchase confirm acme 3 --payment pi_3Nq
                """
        )

        @OptionGroup var purchase: PurchaseArguments

        @Option(help: ArgumentHelp("What the payment is called, for ever.", valueName: "name"))
        var payment: String

        @OptionGroup var control: ControlOptions

        func run() async throws {
            var request = purchase.request("confirm")
            request.body = try Fields([("payment", payment)]).json
            try await control.show(PurchaseReceiptBody.self, request, as: PurchaseText.receipt)
        }
    }

    struct Fail: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says that a purchase will not be paid for.",
            discussion: """
                Example:
                  meterctl purchase fail acme 3 --reason "card declined"
                """
        )

        @OptionGroup var purchase: PurchaseArguments

        @Option(help: ArgumentHelp("Why, for people.", valueName: "text"))
        var reason: String

        @OptionGroup var control: ControlOptions

        func run() async throws {
            var request = purchase.request("fail")
            request.body = try Fields([("reason", reason)]).json
            try await control.show(PurchaseReceiptBody.self, request, as: PurchaseText.receipt)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists purchases, newest first.",
            discussion: """
                Without an organisation it lists what is open of all of them, the oldest first.

                Examples:
                  meterctl purchase list acme
                  meterctl purchase list acme --open
                  meterctl purchase list --open
                """
        )

        @Argument(help: "The organisation; otherwise all, with --open.")
        var organisation: String?

        @Flag(help: "Only those that wait for a payment.")
        var open = false

        @Option(help: ArgumentHelp("Only those before this number.", valueName: "number"))
        var before: UInt32?

        @Option(
            help: ArgumentHelp("How many at most, 1 to 1000; otherwise 50.", valueName: "number")
        )
        var limit: Int?

        @OptionGroup var control: ControlOptions

        func validate() throws {
            guard organisation == nil else { return }
            if !open { throw ValidationError("Name an organisation, or give --open.") }
            if before != nil {
                throw ValidationError("--before counts the purchases of one organisation: name it.")
            }
        }

        func run() async throws {
            guard let organisation else {
                var request = ControlRequest(.get, "v1", "purchases")
                request.filter("state", "open")
                request.filter("limit", limit.map { "\($0)" })
                return try await control.show(OpenPurchasesBody.self, request) { body in
                    PurchaseText.table(open: body)
                }
            }
            var request = ControlRequest(.get, of: organisation, "purchases")
            request.filter("state", open ? "open" : nil)
            request.filter("before", before.map { "\($0)" })
            request.filter("limit", limit.map { "\($0)" })
            try await control.show(PurchasesBody.self, request) { body in
                PurchaseText.page(body)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows one purchase.",
            discussion: """
                Example:
                  meterctl purchase show acme 3
                """
        )

        @OptionGroup var purchase: PurchaseArguments
        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = ControlRequest(
                .get,
                of: purchase.organisation,
                "purchases",
                "\(purchase.purchase)"
            )
            try await control.show(PurchaseBody.self, request) { PurchaseText.table([$0]) }
        }
    }
}

/// Which purchase of which organisation.
struct PurchaseArguments: ParsableArguments {
    @Argument(help: "The organisation.")
    var organisation: String

    @Argument(help: "The purchase's number.")
    var purchase: UInt32

    /// A call that does something to the purchase.
    func request(_ verb: String) -> ControlRequest {
        ControlRequest(.post, of: organisation, "purchases", "\(purchase)", verb)
    }
}

struct ReceiptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt",
        abstract: "Prints a receipt, or lists them.",
        discussion: """
            Receipts are numbered without gaps within an organisation, and listed newest first.

            Examples:
              meterctl receipt acme
              meterctl receipt acme 2
              meterctl receipt acme --before 120 --limit 20
            """
    )

    @Argument(help: "The organisation.")
    var organisation: String

    @Argument(help: "The receipt's number; without it they are listed.")
    var receipt: UInt32?

    @Option(help: ArgumentHelp("Only those before this purchase.", valueName: "number"))
    var before: UInt32?

    @Option(help: ArgumentHelp("How many at most, 1 to 1000; otherwise 50.", valueName: "number"))
    var limit: Int?

    @OptionGroup var control: ControlOptions

    func validate() throws {
        if receipt != nil, before != nil || limit != nil {
            throw ValidationError("--before and --limit are for the list: name no receipt.")
        }
    }

    func run() async throws {
        guard let receipt else {
            var request = ControlRequest(.get, of: organisation, "receipts")
            request.filter("before", before.map { "\($0)" })
            request.filter("limit", limit.map { "\($0)" })
            return try await control.show(PurchasesBody.self, request) { body in
                PurchaseText.page(body)
            }
        }
        let request = ControlRequest(.get, of: organisation, "receipts", "\(receipt)")
        try await control.show(PurchaseBody.self, request) { body in
            PurchaseText.printed(body, organisation: organisation)
        }
    }
}

/// Purchases for people.
enum PurchaseText {
    static func receipt(_ body: PurchaseReceiptBody) -> String {
        let purchase = body.purchase
        let what = "\(purchase.credits) credits for \(money(purchase))"
        let line: String
        switch purchase.state {
        case "confirmed":
            line =
                body.repeated
                ? "Nothing added: purchase \(purchase.id) was paid by this payment before."
                : "Purchase \(purchase.id): \(what), paid; receipt \(purchase.receipt ?? 0)."
        case "failed":
            line = "Purchase \(purchase.id) has failed: \(purchase.reason ?? "")."
        default:
            line =
                "Purchase \(purchase.id): \(what), waits for a payment by \(purchase.connector)."
        }
        return line + "\nBalance: \(body.wallet.posted), available: \(body.wallet.available)\n"
    }

    static func money(_ purchase: PurchaseBody) -> String {
        purchase.currency.isEmpty
            ? "\(purchase.price)" : "\(purchase.currency) \(purchase.price)"
    }

    /// What is open of all organisations.
    static func table(open body: OpenPurchasesBody) -> String {
        if body.purchases.isEmpty { return "No purchases.\n" }
        var table = TextTable([
            ("PURCHASE", .left), ("PACK", .left), ("CREDITS", .decimal), ("PRICE", .decimal),
            ("ASKED", .left), ("BY", .left), ("CONNECTOR", .left),
        ])
        for purchase in body.purchases {
            table.add([
                purchase.id, purchase.pack ?? "-", "\(purchase.credits)", money(purchase),
                "\(purchase.askedAt)", purchase.automatic ? "top-up" : "call", purchase.connector,
            ])
        }
        let rest = body.total - body.purchases.count
        return table.text + (rest > 0 ? "\(Figures.count(UInt64(rest))) more are open.\n" : "")
    }

    static func page(_ body: PurchasesBody) -> String {
        table(body.purchases) + LedgerText.more(body.nextBefore.map { UInt64($0) })
    }

    static func table(_ purchases: [PurchaseBody]) -> String {
        if purchases.isEmpty { return "No purchases.\n" }
        var table = TextTable([
            ("PURCHASE", .right), ("STATE", .left), ("PACK", .left), ("CREDITS", .decimal),
            ("PRICE", .decimal), ("ASKED", .left), ("BY", .left), ("RECEIPT", .right),
            ("PAYMENT", .left),
        ])
        for purchase in purchases {
            table.add([
                "\(purchase.purchase)", purchase.state, purchase.pack ?? "-",
                "\(purchase.credits)", "\(purchase.price)", "\(purchase.askedAt)",
                purchase.automatic ? "top-up" : "call",
                purchase.receipt.map { "\($0)" } ?? "-",
                purchase.payment ?? purchase.reason ?? purchase.connector,
            ])
        }
        return table.text
    }

    /// A receipt on paper.
    static func printed(_ purchase: PurchaseBody, organisation: String) -> String {
        let number = purchase.receipt.map { "\($0)" } ?? "-"
        let what = purchase.pack.map { "Pack \($0)" } ?? "Credits"
        return """
            RECEIPT \(organisation)-\(number)

            Organisation  \(organisation)
            Purchase      \(purchase.id)
            Paid at       \(purchase.settledAt.map { "\($0)" } ?? "-")
            Payment       \(purchase.payment ?? "-")

            \(what): \(purchase.credits) credits
            Total: \(money(purchase))

            """
    }
}
