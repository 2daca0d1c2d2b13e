import ArgumentParser
import ControlPlane
import Quantities

struct BillingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "billing",
        abstract: "Sets and shows how organisations are billed.",
        discussion: """
            Examples:
              meterctl billing set acme invoice --net-days 30 --purchase-order PO-4711
              meterctl billing set acme prepaid
              meterctl billing show acme
            """,
        subcommands: [Set.self, Show.self]
    )

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Changes how an organisation is billed: prepaid, invoice or unmetered.",
            discussion: """
                invoice: the balance is not checked, caps are. unmetered: usage is recorded and
                costs nothing. A change to or from invoices on a day that has debits holds from the
                next day on.

                Examples:
                  meterctl billing set acme invoice --net-days 30 --purchase-order PO-4711
                  meterctl billing set acme unmetered
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @Argument(help: "prepaid, invoice or unmetered.")
        var mode: String

        @Option(
            help: ArgumentHelp(
                "Invoices are due so many days after issue, 0 to 365; otherwise as the offer says.",
                valueName: "days"
            )
        )
        var netDays: Int?

        @Option(help: ArgumentHelp("The customer's purchase-order number.", valueName: "text"))
        var purchaseOrder: String?

        @OptionGroup var control: ControlOptions

        func run() async throws {
            var request = ControlRequest(.put, of: organisation, "billing")
            request.body = try Fields(
                [("mode", mode), ("purchase_order", purchaseOrder)],
                whole: [("net_days", netDays)]
            ).json
            try await control.show(BillingBody.self, request) { TermsText.billing($0) }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows how an organisation is billed.",
            discussion: """
                Example:
                  meterctl billing show acme
                """
        )

        @Argument(help: "The organisation.")
        var organisation: String

        @OptionGroup var control: ControlOptions

        func run() async throws {
            let request = ControlRequest(.get, of: organisation, "billing")
            try await control.show(BillingBody.self, request) { TermsText.billing($0) }
        }
    }
}

struct AdjustCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adjust",
        abstract: "Puts a balance right, with reason and actor, once for each idempotency key.",
        discussion: """
            An amount above zero gives credits, one below zero takes them out as a debit does.

            Examples:
              meterctl adjust acme 5 --actor ada --reason "goodwill, ticket 12"
              meterctl adjust acme --actor ada --reason "given twice" -- -5
            """
    )

    @Argument(help: "The organisation.")
    var organisation: String

    @Argument(help: "How many credits, such as 5 or -5.")
    var amount: Amount

    @Option(help: ArgumentHelp("Who does it.", valueName: "name"))
    var actor: String

    @Option(help: ArgumentHelp("Why.", valueName: "text"))
    var reason: String

    @OptionGroup var idempotency: IdempotencyOptions
    @OptionGroup var control: ControlOptions

    func run() async throws {
        var request = ControlRequest(.post, of: organisation, "adjustments")
        request.idempotencyKey = idempotency.announced()
        request.body = try Fields([
            ("amount", amount.description), ("actor", actor), ("reason", reason),
        ]).json
        try await control.show(AdjustmentBody.self, request) { body in
            (body.repeated ? "Nothing done: this call was carried out before.\n" : "Adjusted.\n")
                + "Balance: \(body.wallet.posted), available: \(body.wallet.available)\n"
        }
    }
}

struct InvoiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoice",
        abstract: "Shows the monthly invoices of an organisation that is billed so.",
        discussion: """
            Example:
              meterctl invoice acme
            """
    )

    @Argument(help: "The organisation.")
    var organisation: String

    @Option(
        help: ArgumentHelp("How many at most, newest first; otherwise 12.", valueName: "number")
    )
    var limit: Int?

    @OptionGroup var control: ControlOptions

    func run() async throws {
        var request = ControlRequest(.get, of: organisation, "invoices")
        request.filter("limit", limit.map { "\($0)" })
        try await control.show(InvoicesBody.self, request) { TermsText.invoices($0.invoices) }
    }
}

/// Plans, billing and invoices for people.
enum TermsText {
    static func plan(_ body: AccountPlanBody) -> String {
        guard let plan = body.plan else { return "No plan.\n" }
        var text = "Plan:          \(plan.plan)\n"
        text += "API access:    \(plan.apiAccess ? "yes" : "no")\n"
        text += "May purchase:  \(plan.mayPurchase ? "yes" : "no")\n"
        if plan.needsPurchase {
            text += "First:         a purchase, and "
            text += body.hasPurchased ? "there was one\n" : "there was none yet\n"
        }
        if let included = plan.included {
            text += "Included:      \(included) a month, which "
            text += plan.lapses == true ? "lapse at its end\n" : "stay\n"
        }
        text += "Period:        from \(plan.periodStart) to \(plan.periodEnd)\n"
        if let next = plan.next { text += "Next:          \(next), when the period ends\n" }
        return text
    }

    static func billing(_ body: BillingBody) -> String {
        var text = "Billing: \(body.mode)"
        if let days = body.netDays { text += ", due after \(days) days" }
        if let order = body.purchaseOrder { text += ", purchase order \(order)" }
        text += "\n"
        if let next = body.nextMode, let from = body.nextFrom {
            text += "From \(from) on: \(next)\n"
        }
        return text
    }

    static func invoices(_ invoices: [InvoiceBody]) -> String {
        if invoices.isEmpty { return "No invoices.\n" }
        return invoices.map { invoice in
            var text = "Invoice \(invoice.number), issued \(invoice.issuedOn), due \(invoice.dueOn)"
            if let order = invoice.purchaseOrder { text += ", purchase order \(order)" }
            var table = TextTable([
                ("KIND", .left), ("NAME", .left), ("REQUESTS", .right), ("INPUT", .right),
                ("OUTPUT", .right), ("AMOUNT", .decimal),
            ])
            for line in invoice.lines {
                table.add([
                    line.kind, line.name, "\(line.requests)", "\(line.inputTokens)",
                    "\(line.outputTokens)", "\(line.amount)",
                ])
            }
            return text + "\n" + table.text + "Total: \(invoice.total)\n"
        }.joined(separator: "\n")
    }
}
