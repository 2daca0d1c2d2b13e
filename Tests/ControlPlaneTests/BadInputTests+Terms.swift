extension BadInputTests {
    private static let plan = "PUT /v1/organisations/acme/plan"
    private static let coupons = "POST /v1/organisations/acme/coupons"
    private static let billing = "PUT /v1/organisations/acme/billing"
    private static let adjustments = "POST /v1/organisations/acme/adjustments"

    /// Plans, coupons, billing and adjustments.
    static let terms: [Case] = [
        Case(plan, "{}", 400, "invalid", "plan", "plan: is missing"),
        Case(plan, #"{"plan":7}"#, 400, "invalid", "plan", "plan: 7 must be a text in quotes"),
        Case(plan, #"{"plan":"x"}"#, 404, "not_found", nil, #"There is no plan "x"."#),
        Case(
            plan,
            #"{"plan":"team","at":"soon"}"#,
            400,
            "invalid",
            "at",
            #"at: "soon" is none of now, period_end"#
        ),
        Case(
            "POST /v1/organisations",
            #"{"name":"beta","plan":"x"}"#,
            404,
            "not_found",
            nil,
            #"There is no plan "x"."#
        ),
        Case(coupons, "{}", 400, "invalid", "code", "code: is missing"),
        Case(coupons, #"{"code":"X"}"#, 404, "not_found", nil, #"There is no coupon "X"."#),
        Case(billing, "{}", 400, "invalid", "mode", "mode: is missing"),
        Case(
            billing,
            #"{"mode":"credit"}"#,
            400,
            "invalid",
            "mode",
            #"mode: "credit" is none of prepaid, invoice, unmetered"#
        ),
        Case(
            billing,
            #"{"mode":"invoice","net_days":366}"#,
            400,
            "invalid",
            "net_days",
            "net_days: 366 must be a whole number from 0 to 365"
        ),
        Case(
            adjustments,
            #"{"amount":"1","actor":"a","reason":"r"}"#,
            400,
            "idempotency_key_missing",
            "Idempotency-Key",
            BadInputTests.keyMissing
        ),
        Case(
            adjustments,
            #"{"amount":"1","reason":"r"}"#,
            key: "k1",
            400,
            "invalid",
            "actor",
            "actor: is missing"
        ),
        Case(
            adjustments,
            #"{"amount":1,"actor":"a","reason":"r"}"#,
            key: "k1",
            400,
            "invalid",
            "amount",
            "amount: 1 must be a decimal string such as \"14.9835\""
        ),
        Case(
            "GET /v1/organisations/acme/invoices?limit=0",
            400,
            "invalid",
            "limit",
            "limit: \"0\" must be a whole number from 1 to 1000"
        ),
    ]
}
