import Accounting
import Quantities

/// One change of each kind, with values that tell all fields apart.
///
/// Never change one: goldens hang on them.
enum SampleRecords {
    static let at = Timestamp(microseconds: 1_772_359_200_123_456)
    static let today = ZonedDay(
        day: CivilDay(number: 20_513),
        start: Timestamp(microseconds: 1_772_323_200_000_000),
        end: Timestamp(microseconds: 1_772_409_600_000_000)
    )
    static let hash = SecretHash(
        low: 0x0F0E_0D0C_0B0A_0908_0706_0504_0302_0100,
        high: 0x1F1E_1D1C_1B1A_1918_1716_1514_1312_1110
    )

    static func draws(_ parts: (GrantNumber, Int128)...) -> Draws {
        var draws = Draws()
        for (grant, units) in parts {
            draws.append(Draw(grant: grant, amount: Amount(units: units)))
        }
        return draws
    }

    static let grant = GrantIssued(
        grant: 7,
        grantClass: .promotional,
        amount: Amount(units: 5_000_000_000_000),
        priority: -3,
        effectiveAt: Timestamp(microseconds: 1_772_323_200_000_000),
        expiresAt: .never,
        active: true,
        debtPaid: Amount(units: 250_000_000_000),
        identity: 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210,
        content: 0x1122_3344_5566_7788,
        reference: "pay-1",
        note: "willkommen 🎁"
    )

    static let plan = PlanTerms(
        name: "team",
        apiAccess: true,
        mayPurchase: true,
        needsPurchase: true,
        included: Amount(units: 100_000_000_000_000),
        lapses: true,
        priority: 5
    )

    static let alertPoint = AlertPoint(
        kind: .capThreshold,
        scope: .key,
        id: 3,
        period: .month,
        threshold: Amount(units: 80)
    )

    static let refunded = OperationRefunded(
        refund: 3,
        line: 1 << 33,
        amount: Amount(units: 900),
        debtPaid: Amount(units: 100),
        parts: [
            RefundPart(
                grant: 9,
                amount: Amount(units: 500),
                isNew: true,
                grantClass: .refund,
                priority: 20,
                effectiveAt: at,
                expiresAt: .never
            ),
            RefundPart(
                grant: 7,
                amount: Amount(units: 300),
                isNew: false,
                grantClass: .plan,
                priority: -3,
                effectiveAt: Timestamp(microseconds: 1_772_323_200_000_000),
                expiresAt: Timestamp(microseconds: 1_772_409_600_000_000)
            ),
        ],
        identity: 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210,
        content: 0x1122_3344_5566_7788,
        actor: "ann",
        reason: "it failed",
        request: "req-1"
    )

    /// The sample with its name in `goldens`.
    static let changes: [(name: String, change: Change)] = [
        (
            "organisationCreated",
            .organisationCreated(
                OrganisationCreated(name: "acme", zone: "Europe/Berlin", today: today)
            )
        ),
        (
            "organisationClosed",
            .organisationClosed(
                OrganisationClosed(forfeited: draws((7, 10), (9, 11)), reason: "asked")
            )
        ),
        ("projectCreated", .projectCreated(ProjectCreated(project: 2, name: "web"))),
        (
            "keyCreated",
            .keyCreated(KeyCreated(key: 3, project: 2, name: "prod", prefix: "mk_ab", hash: hash))
        ),
        (
            "keyRotated",
            .keyRotated(KeyRotated(key: 3, generation: 2, prefix: "mk_cd", hash: hash))
        ),
        ("keyRevoked", .keyRevoked(KeyRevoked(key: 3))),
        ("grantIssued", .grantIssued(grant)),
        (
            "grantActivated",
            .grantActivated(
                GrantActivated(grant: 8, amount: Amount(units: 500), debtPaid: Amount(units: 20))
            )
        ),
        ("grantExpired", .grantExpired(GrantExpired(grant: 8, amount: Amount(units: 480)))),
        (
            "holdPlaced",
            .holdPlaced(
                HoldPlaced(
                    hold: 5,
                    project: 2,
                    key: 3,
                    model: 4,
                    expiresAt: Timestamp(microseconds: 1_772_359_260_123_456),
                    draws: draws((7, 30), (8, 40))
                )
            )
        ),
        (
            "holdExtended",
            .holdExtended(
                HoldExtended(
                    hold: 5,
                    expiresAt: Timestamp(microseconds: 1_772_359_290_123_456),
                    draws: draws((8, 50))
                )
            )
        ),
        ("holdReleased", .holdReleased(HoldReleased(hold: 5, lapsed: true))),
        (
            "capChanged",
            .capChanged(
                CapChanged(scope: .key, id: 3, period: .week, amount: Amount(units: 99))
            )
        ),
        (
            "capCleared",
            .capChanged(CapChanged(scope: .project, id: 2, period: .total, amount: nil))
        ),
        ("dayTurned", .dayTurned(DayTurned(today: today))),
        (
            "nameDeclared",
            .nameDeclared(NameDeclared(kind: .provider, number: 6, name: "anthropic"))
        ),
        (
            "priceDeclared",
            .priceDeclared(
                PriceDeclared(price: 12, model: "sonnet", effectiveFrom: at, text: "in 3 out 15")
            )
        ),
        (
            "sequenceSkipped",
            .sequenceSkipped(SequenceSkipped(producer: 2, sequence: 1 << 40))
        ),
        (
            "rateCardLoaded",
            .rateCardLoaded(RateCardLoaded(name: "default", digest: "00ff"))
        ),
        (
            "planChanged",
            .planChanged(
                PlanChanged(
                    plan: plan,
                    next: PlanTerms(name: "free", mayPurchase: false),
                    periodStart: CivilDay(number: 20_513),
                    periodEnd: Timestamp(microseconds: 1_775_001_600_000_000),
                    grant: grant
                )
            )
        ),
        ("couponRedeemed", .couponRedeemed(CouponRedeemed(code: "WELCOME", grant: grant))),
        (
            "billingChanged",
            .billingChanged(
                BillingChanged(
                    mode: .invoice,
                    netDays: 30,
                    purchaseOrder: "PO-4711",
                    from: CivilDay(number: 20_514)
                )
            )
        ),
        (
            "balanceAdjusted",
            .balanceAdjusted(
                BalanceAdjusted(
                    draws: draws((7, 60), (0, 70)),
                    identity: 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210,
                    content: 0x1122_3344_5566_7788,
                    actor: "ada",
                    reason: "given twice"
                )
            )
        ),
        ("machineChanged", .machineChanged(SampleMachines.changed)),
        ("operationRefunded", .operationRefunded(refunded)),
        (
            "alertRaised",
            .alertRaised(
                AlertRaised(
                    alert: 5,
                    point: alertPoint,
                    value: Amount(units: 81),
                    limit: Amount(units: 100),
                    day: today.day,
                    text: "so much"
                )
            )
        ),
        (
            "alertCleared",
            .alertCleared(AlertCleared(alert: 5, point: alertPoint, value: Amount(units: 1)))
        ),
        ("alertsSet", .alertsSet(AlertsSet(rules: AlertRules(text: "low_balance=100,20;daily")))),
        (
            "purchaseReturned",
            .purchaseReturned(
                PurchaseReturned(
                    refund: 4,
                    grant: 7,
                    amount: Amount(units: 250),
                    identity: 0xFEDC_BA98_7654_3210_0123_4567_89AB_CDEF,
                    content: 0x1122_3344_5566_7788,
                    actor: "ann",
                    reason: "asked for it",
                    reference: "pay-1"
                )
            )
        ),
        ("topUpSet", .topUpSet(topUp)),
        ("purchaseAsked", .purchaseAsked(purchase)),
        ("purchaseConfirmed", .purchaseConfirmed(payment)),
        ("purchaseFailed", .purchaseFailed(failure)),
        ("topUpLimitReached", .topUpLimitReached(limit)),
        ("rerated", .rerated(correction)),
        (
            "rerateBegun",
            .rerateBegun(
                RerateBegun(
                    rerate: "march",
                    undoes: "",
                    org: 17,
                    from: Timestamp(microseconds: 1_772_323_200_000_000),
                    to: at,
                    card: "new",
                    digest: "00ff"
                )
            )
        ),
        (
            "rerateCardPart",
            .rerateCardPart(RerateCardPart(rerate: "march", part: 2, text: "rate_card: new"))
        ),
        ("operationRefunded.corrected", .operationRefunded(refundedCorrected)),
    ].map { (name: String, body: Change.Body) in (name, Change(appliedAt: at, org: 17, body: body))
    }

    /// The rest of a charge of which a re-rating had given back the other part.
    private static var refundedCorrected: OperationRefunded {
        var body = refunded
        body.rerate = "march"
        return body
    }

    /// A correction with every field told apart, more than any real one has.
    static var correction: Rerated {
        var correction = Rerated(
            rerate: "march",
            day: CivilDay(number: 20_513),
            project: 2,
            key: 3,
            model: 4,
            requests: 5,
            amount: Amount(units: 70),
            note: "5 requests"
        )
        correction.draws = draws((7, 30), (8, 40))
        correction.grant = 9
        correction.debtPaid = Amount(units: 6)
        return correction
    }

    /// A usage change with every field told apart; one draw, no identity.
    static var usage: UsageChange {
        var usage = UsageChange()
        usage.appliedAt = at
        usage.org = 17
        usage.project = 2
        usage.key = 3
        usage.model = 4
        usage.price = 12
        usage.provider = 6
        usage.producer = 2
        usage.sequence = 0x0102_0304_0506_0708
        usage.at = Timestamp(microseconds: 1_772_359_199_000_000)
        usage.tokens = TokenCounts(
            input: 12_000,
            cacheRead: 10_000,
            cacheWrite: 1000,
            output: 500,
            reasoning: 100
        )
        usage.latencyMilliseconds = 842
        usage.day = CivilDay(number: 20_513)
        usage.tier = 1
        usage.failed = true
        usage.charge = Amount(units: 17_250_000_000)
        usage.hold = 5
        usage.draws = draws((7, 17_250_000_000))
        return usage
    }

    /// The same, taken from two grants and debt, from a source without sequences.
    static var identifiedUsage: UsageChange {
        var usage = usage
        usage.failed = false
        usage.cacheHit = true
        usage.sequence = 0
        usage.draws = draws((7, 10_000_000_000), (8, 7_000_000_000), (0, 250_000_000))
        usage.identity = 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210
        usage.content = 0x1122_3344_5566_7788
        return usage
    }
}

/// The bytes of a usage change's record.
func encoded(_ usage: UsageChange, id: [UInt8] = [], session: [UInt8] = []) -> [UInt8] {
    let buffer = RecordBuffer()
    id.withUnsafeBytes { id in
        session.withUnsafeBytes { session in
            usage.encode(into: buffer, id: id, session: session)
        }
    }
    return withExtendedLifetime(buffer) { Array(buffer.bytes) }
}

/// The bytes of a change's record.
func encoded(_ change: Change) -> [UInt8] {
    let buffer = RecordBuffer()
    change.encode(into: buffer)
    return withExtendedLifetime(buffer) { Array(buffer.bytes) }
}

/// The change in a record's bytes.
func decodedChange(_ record: [UInt8]) -> Change? {
    record.withUnsafeBytes { Change.decode($0) }
}

/// The usage change in a record's bytes, with its id and session.
func decodedUsage(
    _ record: [UInt8]
) -> (change: UsageChange, id: [UInt8], session: [UInt8])? {
    record.withUnsafeBytes { bytes in
        UsageChange.decode(bytes).map { ($0.change, Array(bytes[$0.id]), Array(bytes[$0.session])) }
    }
}
