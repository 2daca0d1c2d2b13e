import Quantities
import Testing
import Wire

/// Goal: the bodies that gateways give to their own clients are exact to the byte.
@Suite struct RefusalTests {
    @Test func `insufficient credits reads as promised`() {
        #expect(
            Samples.insufficient.body.text
                == #"{"error":{"message":"Insufficient credits. Current balance: 12 credits.","#
                + #""type":"insufficient_quota","code":"insufficient_credits"}}"#
        )
        #expect(Samples.insufficient.code.status == 402)
    }

    @Test func `an exceeded cap reads as promised`() {
        #expect(
            Samples.capped.body.text
                == #"{"error":{"message":"Spend cap exceeded. Organisation cap: 100 credits "#
                + #"a month, 99.99 used. Resets 2026-04-01T00:00:00Z.","#
                + #""type":"insufficient_quota","#
                + #""code":"spend_cap_exceeded"}}"#
        )
    }

    @Test(arguments: [
        (RefusalLimit.Name.projectCap, CapPeriod.day, "Project cap: 5 credits a day, 5 used. "),
        (.keyCap, .week, "Key cap: 5 credits a week, 5 used. "),
    ])
    func `caps of every scope and period have their words`(
        name: RefusalLimit.Name,
        period: CapPeriod,
        words: String
    ) {
        let limit = RefusalLimit(
            name,
            amount: Amount(credits: 5),
            spent: Amount(credits: 5),
            period: period,
            resetsAt: Samples.april
        )
        #expect(
            Refusal.spendCapExceeded(limit).body.message
                == "Spend cap exceeded. \(words)Resets 2026-04-01T00:00:00Z."
        )
    }

    @Test func `a total cap never resets`() {
        let limit = RefusalLimit(
            .keyCap,
            amount: Amount(credits: 5),
            spent: Amount(credits: 5),
            period: .total,
            resetsAt: Samples.april
        )
        #expect(
            Refusal.spendCapExceeded(limit).body.message
                == "Spend cap exceeded. Key cap: 5 credits in total, 5 used."
        )
    }

    @Test(arguments: [
        (Refusal.invalidKey, UInt16(401), "authentication_error", "invalid_key"),
        (.planRequired("Model opus"), 403, "permission_error", "plan_required"),
        (.purchaseRequired, 403, "permission_error", "purchase_required"),
        (.accountClosed, 403, "permission_error", "account_closed"),
    ])
    func `refusals that are no matter of money have their status`(
        refusal: Refusal,
        status: UInt16,
        type: String,
        code: String
    ) {
        #expect(refusal.code.status == status)
        #expect(refusal.body.type == type && refusal.body.code == code)
        #expect(refusal.body.message.hasSuffix("."))
    }

    @Test func `a refused line holds the body's error as it is`() {
        let refused = Refused(request: .number(42), refusal: Samples.insufficient)
        let text = written { DaemonEncoder(.jsonLines).append(.refused(refused), to: &$0) }
        let inner = Samples.insufficient.body.text.dropFirst(#"{"error":"#.count).dropLast()
        #expect(text.contains(#","error":\#(inner),"limit":{"name":"balance""#))
    }

    @Test func `codes keep the names of the protocol`() {
        let names = RejectionCode.allCases.map { String(describing: $0.name) }
        #expect(
            names == [
                "malformed", "too_large", "unknown_org", "invalid_key", "unknown_model",
                "unknown_machine", "bad_token_counts", "bad_time", "conflict", "sequence_gap",
                "account_closed", "overloaded", "unknown_hold",
            ]
        )
        #expect(RejectionCode.allCases.map(\.rawValue) == Array(1...13))
    }
}
