import ArgumentParser
import ControlPlane
import Quantities

struct RefundCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refund",
        abstract: "Gives a charge back to where it was drawn from, or takes a purchase back.",
        discussion: """
            The charge is named by its ledger line, or by its request's id and the day in UTC on
            which it was booked (or the day before; today unless --day says otherwise). What is
            owed is paid first; the rest goes back to its grants, the last one first. Never more
            goes back than was charged, over all refunds of a charge.

            With --purchase, the unused rest of a purchased grant is taken out of the wallet,
            where the offer permits it.

            Examples:
              meterctl refund acme --line 8819 --reason "the run failed"
              meterctl refund acme --request req-77 --day 2026-03-01 --amount 20000
              meterctl refund acme --purchase 3 --reason "asked for it" --reference re_1
            """
    )

    @Argument(help: "The organisation.")
    var organisation: String

    @Option(help: ArgumentHelp("The ledger line that was charged.", valueName: "line"))
    var line: Int?

    @Option(help: ArgumentHelp("The id of the request that was charged.", valueName: "id"))
    var request: String?

    @Option(
        help: ArgumentHelp(
            "The day in UTC on which it was booked; otherwise today.",
            valueName: "date"
        )
    )
    var day: String?

    @Option(help: ArgumentHelp("The purchased grant to take back.", valueName: "grant"))
    var purchase: Int?

    @Option(help: "How many credits; otherwise all that is left.")
    var amount: Amount?

    @Option(help: ArgumentHelp("Why, for the books.", valueName: "text"))
    var reason: String?

    @Option(help: ArgumentHelp("Who says so, for the books.", valueName: "text"))
    var actor: String?

    @Option(help: ArgumentHelp("The payment that goes back.", valueName: "text"))
    var reference: String?

    @OptionGroup var idempotency: IdempotencyOptions
    @OptionGroup var control: ControlOptions

    func validate() throws {
        let named = [line != nil, request != nil, purchase != nil].count { $0 }
        guard named == 1 else {
            throw ValidationError("Name one of --line, --request and --purchase.")
        }
        if day != nil, request == nil { throw ValidationError("--day goes with --request.") }
        if reference != nil, purchase == nil {
            throw ValidationError("--reference goes with --purchase.")
        }
    }

    func run() async throws {
        var call = ControlRequest(.post, of: organisation, "refunds")
        call.idempotencyKey = idempotency.announced()
        call.body = try Fields(
            [
                ("request_id", request), ("day", day), ("amount", amount?.description),
                ("reason", reason), ("actor", actor), ("reference", reference),
            ],
            whole: [("line", line), ("grant", purchase)]
        ).json
        try await control.show(RefundReceiptBody.self, call) { RefundText.receipt($0) }
    }
}

/// Refunds for people.
enum RefundText {
    static func receipt(_ body: RefundReceiptBody) -> String {
        let number = body.refund
        var text: String
        if body.repeated {
            text = "Nothing changed: this call was carried out before as refund \(number)."
        } else if let grant = body.grant {
            text = "Refund \(number): \(body.amount ?? .zero) credits taken back of grant \(grant)."
        } else {
            text = "Refund \(number): \(body.amount ?? .zero) credits of line \(body.line ?? 0)"
            var parts = (body.parts ?? []).map { "\($0.amount) to grant \($0.grant)" }
            if let paid = body.debtPaid { parts.insert("\(paid) into debt", at: 0) }
            text += ": " + parts.joined(separator: ", ") + "."
        }
        return text + "\nBalance: \(body.wallet.posted), available: \(body.wallet.available)\n"
    }

    static func balance(_ body: BalanceAtBody) -> String {
        var list = TextList()
        list.add("Organisation", body.organisation)
        list.add("At", "\(body.at)")
        list.add("Balance", "\(body.posted)")
        if !body.debt.isZero { list.add("Debt", "\(body.debt)") }
        if let at = body.lineAt {
            list.add("Last line", "\(body.line), applied at \(at)")
        } else {
            list.add("Last line", "none yet")
        }
        return list.text
    }
}
