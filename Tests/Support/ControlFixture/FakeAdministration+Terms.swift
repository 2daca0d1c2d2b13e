import Accounting
@testable import Engine
import Quantities

extension FakeAdministration {
    private static let plans = ["free", "team"]
    private static let coupons = ["WELCOME": Amount(credits: 100)]

    func checkPlan(_ plan: String) throws(AdministrationError) {
        if !FakeAdministration.plans.contains(plan) { throw .notFound(what: "plan", name: plan) }
    }

    func setPlan(
        organisation: String,
        plan: String,
        start: PlanStart
    ) async throws(AdministrationError) -> OrganisationInfo {
        try checkPlan(plan)
        return try change(organisation) { account in
            if start == .periodEnd, account.info.terms.plan != nil {
                account.info.terms.plan?.next = plan
                return
            }
            account.info.terms.plan = PlanInfo(
                name: plan,
                apiAccess: true,
                mayPurchase: plan == "team",
                needsPurchase: false,
                included: plan == "team" ? Amount(credits: 20) : .zero,
                lapses: true,
                periodStart: CivilDay(number: 20_513),
                periodEnd: Timestamp(microseconds: 1_775_001_600_000_000),
                next: nil
            )
        }
    }

    func redeemCoupon(
        organisation: String,
        code: String
    ) async throws(AdministrationError) -> GrantReceipt {
        guard let amount = FakeAdministration.coupons[code] else {
            throw .notFound(what: "coupon", name: code)
        }
        let known = try await self.organisation(name: organisation).terms.coupons
        if known.contains(code) { throw .couponRedeemed(code: code, name: organisation) }
        let info = try change(organisation) { account in
            account.info.terms.coupons.append(code)
            account.info.wallet.posted += amount
            account.info.wallet.available += amount
        }
        return GrantReceipt(grant: 1, repeated: false, wallet: info.wallet)
    }

    func setBilling(
        organisation: String,
        request: BillingRequest
    ) async throws(AdministrationError) -> OrganisationInfo {
        try change(organisation) { account in
            account.info.terms.billing = BillingInfo(
                mode: request.mode,
                netDays: request.mode == .invoice ? request.netDays ?? 30 : nil,
                purchaseOrder: request.purchaseOrder
            )
        }
    }

    func adjust(
        organisation: String,
        request: AdjustmentRequest
    ) async throws(AdministrationError) -> AdjustmentReceipt {
        let info = try change(organisation) { account in
            account.info.wallet.posted += request.amount
            account.info.wallet.available += request.amount
        }
        return AdjustmentReceipt(
            grant: request.amount.isPositive ? 1 : nil,
            repeated: false,
            wallet: info.wallet
        )
    }

    func invoices(
        organisation: String,
        limit: Int
    ) async throws(AdministrationError) -> [InvoiceInfo] {
        _ = try await self.organisation(name: organisation)
        let line = InvoiceInfo.Line(
            kind: "model",
            name: "claude-sonnet",
            requests: 2,
            inputTokens: 1000,
            outputTokens: 10,
            amount: Amount(units: 1_237_250_000_000)
        )
        return [
            InvoiceInfo(
                number: "\(organisation)-2026-03",
                periodStart: CivilDay(number: 20_513),
                issuedAt: Timestamp(microseconds: 1_775_001_600_000_000),
                issuedOn: CivilDay(number: 20_544),
                dueOn: CivilDay(number: 20_574),
                netDays: 30,
                purchaseOrder: "PO-4711",
                total: line.amount,
                lines: [line]
            )
        ]
    }
}
