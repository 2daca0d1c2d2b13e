/// One numbered step of the database's schema.
///
/// Invariants:  numbers go up by one; a step that was released is never changed, a correction is a
///              new step.
struct Migration {
    let number: Int
    let name: String
    let sql: String

    /// All steps, in order.
    static let all: [Migration] = [
        Migration(number: 1, name: "accounts", sql: accounts),
        Migration(number: 2, name: "ledger", sql: ledger),
        Migration(number: 3, name: "writers", sql: writers),
        Migration(number: 4, name: "partitions", sql: partitions),
        Migration(number: 5, name: "terms", sql: terms),
        Migration(number: 6, name: "machines", sql: machines),
        Migration(number: 7, name: "refunds", sql: refunds),
        Migration(number: 8, name: "alerts", sql: alerts),
        Migration(number: 9, name: "purchases", sql: purchases),
        Migration(number: 10, name: "dearest", sql: dearest),
        Migration(number: 11, name: "corrections", sql: corrections),
        Migration(number: 12, name: "corrected_refunds", sql: correctedRefunds),
        Migration(number: 13, name: "alert_places", sql: alertPlaces),
        Migration(number: 14, name: "credit_lines", sql: creditLines),
        Migration(number: 15, name: "invoiced_corrections", sql: invoicedCorrections),
        Migration(number: 16, name: "invoiced_refunds", sql: invoicedRefunds),
    ]

    /// The schema that this program needs.
    static var latest: Int { all.count }
}
