import ArgumentParser
import ControlPlane
import Quantities

struct GrantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant",
        abstract: "Gives credits to a wallet, once for each idempotency key.",
        discussion: """
            Where the offer says nothing of a class, nothing lapses, promotional credits have the
            priority 10 and purchased ones 20.

            Examples:
              meterctl grant acme 100 --class purchased --reference "invoice 7"
              meterctl grant acme 5 --class promotional --expires 2026-12-31
              meterctl grant acme 100 --class purchased --idempotency-key invoice-7
            """
    )

    @Argument(help: "The organisation.")
    var organisation: String

    @Argument(help: "How many credits: a decimal such as 14.9835.")
    var amount: Amount

    @Option(name: .customLong("class"), help: "Why: it tells the ledger's kind and the burn order.")
    var creditClass: CreditClass = .purchased

    @Option(
        help: ArgumentHelp("From when on it pays; otherwise at once.", valueName: "time")
    )
    var effective: Moment?

    @Option(
        help: ArgumentHelp(
            "When what is left lapses; otherwise as the offer says.",
            valueName: "time"
        )
    )
    var expires: Moment?

    @Option(
        help: ArgumentHelp(
            "Burnt earlier when lower; otherwise as the offer says.",
            valueName: "number"
        )
    )
    var priority: Int?

    @Option(help: ArgumentHelp("The payment or campaign behind it.", valueName: "text"))
    var reference: String?

    @Option(help: ArgumentHelp("A word for people.", valueName: "text"))
    var note: String?

    @OptionGroup var idempotency: IdempotencyOptions
    @OptionGroup var control: ControlOptions

    func run() async throws {
        var request = ControlRequest(.post, of: organisation, "grants")
        request.idempotencyKey = idempotency.announced()
        request.body = try Fields(
            [
                ("amount", amount.description), ("class", creditClass.rawValue),
                ("effective_at", effective?.text), ("expires_at", expires?.text),
                ("reference", reference), ("note", note),
            ],
            whole: [("priority", priority)]
        ).json
        try await control.show(GrantReceiptBody.self, request) { body in
            GrantText.receipt(body, amount: amount, organisation: organisation)
        }
    }
}

/// Grants for people.
enum GrantText {
    static func receipt(
        _ body: GrantReceiptBody,
        amount: Amount,
        organisation: String
    ) -> String {
        let what =
            body.repeated
            ? "Nothing added: this call was carried out before as grant \(body.grant)."
            : "Grant \(body.grant): \(amount) credits to \(organisation)."
        return what + "\nBalance: \(body.wallet.posted), available: \(body.wallet.available)\n"
    }

    static func table(_ grants: [GrantBody]) -> String {
        var table = TextTable([
            ("GRANT", .right), ("CLASS", .left), ("REMAINING", .decimal), ("HELD", .decimal),
            ("PRIORITY", .right), ("EFFECTIVE", .left), ("EXPIRES", .left), ("STATE", .left),
        ])
        for grant in grants {
            table.add([
                "\(grant.number)", grant.class, "\(grant.remaining)", "\(grant.held)",
                "\(grant.priority)", "\(grant.effectiveAt)",
                grant.expiresAt.map { "\($0)" } ?? "never", grant.active ? "paying" : "waiting",
            ])
        }
        return table.text
    }
}
