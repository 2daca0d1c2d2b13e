import Accounting
import Quantities

/// The samples of purchases and top-ups.
///
/// Never change one: goldens hang on them.
extension SampleRecords {
    static let topUp = TopUpSet(
        on: true,
        threshold: Amount(units: 1),
        credits: Amount(units: 2),
        price: Amount(units: 3),
        currency: "EUR",
        pack: "standard",
        connector: "card",
        monthlyLimit: Amount(units: 50)
    )
    static let purchase = PurchaseAsked(
        purchase: 4,
        automatic: true,
        pack: "standard",
        credits: Amount(units: 5),
        price: Amount(units: 6),
        currency: "EUR",
        connector: "card",
        month: CivilDay(number: 20_513),
        identity: 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210,
        content: 0x1122_3344_5566_7788
    )
    static let payment = PurchaseConfirmed(
        purchase: 4,
        automatic: true,
        receipt: 2,
        payment: "pi_7",
        grant: grant
    )
    static let failure = PurchaseFailed(
        purchase: 4,
        automatic: true,
        reason: "card declined",
        failures: 3,
        retryAt: at
    )
    static let limit = TopUpLimitReached(
        month: CivilDay(number: 20_513),
        price: Amount(units: 10),
        asked: Amount(units: 50),
        limit: Amount(units: 51)
    )
}
