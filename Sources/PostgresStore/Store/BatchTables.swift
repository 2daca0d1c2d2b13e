import Accounting
import Quantities

/// Writes all of a section but wallets, lines and producers.
///
/// Every statement takes the rows of the whole section as arrays, sorted by primary key: one round
/// trip for each table that is touched, none for the others.
struct BatchTables {
    let batch: BatchSection
    let connection: PostgresConnection

    /// What lines and wallets build on: names, organisations, grants.
    ///
    /// - Throws: What the server says, or `inconsistent`.
    func writeBeforeLines() throws(StoreError) {
        try insertNames()
        try insertPrices()
        try insertCards()
        try insertOrganisations()
        try insertProjects()
        try insertKeys()
        try insertGrants()
        try changeGrants()
        try activateGrants()
        try closeOrganisations()
        try insertCorrections()
        try insertRefunds()
        try turnDays()
        try rotateKeys()
        try revokeKeys()
        try writeCaps()
        try writeTerms()
        try writeAlertRules()
        try writePurchases()
        try insertRerates()
        try insertRerateCards()
    }

    /// What follows from the lines: rollups and holds.
    ///
    /// - Throws: What the server says.
    func writeAfterLines() throws(StoreError) {
        try addRollups()
        try writeMachines()
        try writeHolds()
        try correctRollups()
        try completeRefunds()
        try writeInvoices()
    }

    /// On which days the batch's corrections and refunds were booked.
    var bookingDays: BookingDays { BookingDays(turned: sorted(batch.cold.turned)) }

    func run(
        _ sql: String,
        _ arrays: [ArrayParameter],
        _ during: String
    ) throws(StoreError) -> QueryResult {
        var parameters = QueryParameters()
        for array in arrays { parameters.add(array) }
        return try connection.query(sql, parameters, during: during)
    }

    /// The changes by organisation, each organisation's in journal order.
    func sorted<Body>(_ changes: [Dated<Body>]) -> [Dated<Body>] {
        // The standard sort is not documented to be stable, so the place decides among equals.
        changes.enumerated()
            .sorted { ($0.element.org, $0.offset) < ($1.element.org, $1.offset) }
            .map(\.element)
    }

    /// The last change for each key, ordered by organisation and key.
    func last<Body>(
        _ changes: [Dated<Body>],
        key: (Body) -> UInt64
    ) -> [Dated<Body>] {
        var newest: [[UInt64]: Int] = [:]
        for (index, change) in changes.enumerated() {
            newest[[UInt64(change.org), key(change.body)]] = index
        }
        return newest.sorted { left, right in
            left.key.lexicographicallyPrecedes(right.key)
        }.map { changes[$0.value] }
    }
}
