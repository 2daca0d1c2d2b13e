import Accounting
@testable import Engine
import Quantities

extension FakeAdministration {
    func refund(
        organisation: String,
        request: RefundRequest
    ) async throws(AdministrationError) -> RefundReceipt {
        let account = try account(organisation)
        if request.target == .line(404) { throw .notFound(what: "charge", name: "line 404") }
        if request.amount == Amount(credits: 99) {
            throw .notRefundable(code: "refund_exceeds", message: "Only 5 is left of it.")
        }
        let amount = request.amount ?? Amount(credits: 5)
        if case .purchase(let grant) = request.target {
            return RefundReceipt(
                refund: 2,
                repeated: false,
                amount: amount,
                grant: grant,
                wallet: account.info.wallet
            )
        }
        return RefundReceipt(
            refund: 1,
            repeated: request.idempotencyKey == "again",
            amount: amount,
            debtPaid: Amount(credits: 1),
            parts: [Draw(grant: 3, amount: Amount(credits: 4))],
            line: 7,
            wallet: account.info.wallet
        )
    }

    func balance(
        organisation: String,
        at moment: Timestamp
    ) async throws(AdministrationError) -> BalanceInfo {
        _ = try account(organisation)
        return BalanceInfo(
            at: moment,
            posted: -Amount(credits: 2),
            line: 9,
            lineAt: FakeAdministration.now
        )
    }
}
