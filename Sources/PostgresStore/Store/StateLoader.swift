import Accounting
import Quantities

/// Reads the state at the checkpoint, inside one transaction that sees one moment.
///
/// Cost:        organisations come in chunks: one binary COPY for each table and chunk, all sorted
///              by organisation, so that memory is bounded by a chunk and nothing is looked up.
struct StateLoader {
    let connection: PostgresConnection

    static let during = "loading the state"

    func copy(
        _ query: String,
        row: (inout FieldReader) throws(StoreError) -> Void
    ) throws(StoreError) {
        try connection.copyOut(
            "COPY (\(query)) TO STDOUT (FORMAT binary)",
            during: StateLoader.during,
            row: row
        )
    }

    func loadNames(_ receive: (LoadedItem) -> Void) throws(StoreError) {
        try copy("SELECT kind, number, name FROM names ORDER BY kind, number") {
            (row) throws(StoreError) in
            let kind: NameKind = try SQLName.value(try row.text(), SQLName.of)
            let number = try row.number()
            receive(.name(NameDeclared(kind: kind, number: number, name: try row.text())))
        }
    }

    func loadPrices(_ receive: (LoadedItem) -> Void) throws(StoreError) {
        try copy("SELECT price, model, effective_from, text FROM prices ORDER BY price") {
            (row) throws(StoreError) in
            let price = try row.number()
            let model = try row.text()
            let effectiveFrom = try row.time()
            let declared = PriceDeclared(
                price: price,
                model: model,
                effectiveFrom: effectiveFrom,
                text: try row.text()
            )
            receive(.price(declared))
        }
    }

    func loadProducers(_ receive: (LoadedItem) -> Void) throws(StoreError) {
        try copy("SELECT producer, contiguous, ahead FROM producers ORDER BY producer") {
            (row) throws(StoreError) in
            let producer = try row.number()
            let contiguous = try row.unsigned64()
            let ahead = try row.byteArray()
            guard let progress = SequenceSet(contiguous: contiguous, aheadBytes: ahead) else {
                throw .inconsistent("the progress of producer \(producer) is not readable")
            }
            receive(.producer(producer, progress))
        }
    }

    func loadIdentities(
        since: Timestamp,
        _ receive: (LoadedItem) -> Void
    ) throws(StoreError) {
        // PostgreSQL's years end long before those of 64-bit microseconds.
        let earliest = CivilDay(year: 1970, month: 1, day: 1)?.utcStart ?? .epoch
        let moment = max(since, earliest)
        if moment == .never { return }
        try copy(
            """
            SELECT org, identity, content, applied_at, line FROM usage_lines
            WHERE identity IS NOT NULL AND applied_at >= '\(moment)'
                AND day_utc >= '\(moment.utcDay)'
            ORDER BY applied_at, org, line
            """
        ) { (row) throws(StoreError) in
            let org = try row.org()
            let identity = try row.identity()
            let content = try row.unsigned64()
            let appliedAt = try row.time()
            let found = UsageIdentity(
                org: org,
                identity: identity,
                content: content,
                appliedAt: appliedAt,
                line: try row.unsigned64()
            )
            receive(.usageIdentity(found))
        }
        try copy(
            """
            SELECT org, identity, content, issued_at, grant_number FROM grants
            WHERE identity IS NOT NULL AND issued_at >= '\(moment)'
            ORDER BY issued_at, org, grant_number
            """
        ) { (row) throws(StoreError) in
            let org = try row.org()
            let identity = try row.identity()
            let content = try row.unsigned64()
            let issuedAt = try row.time()
            let found = GrantIdentity(
                org: org,
                identity: identity,
                content: content,
                issuedAt: issuedAt,
                grant: try row.number()
            )
            receive(.grantIdentity(found))
        }
        try loadAdjustments(since: moment, receive)
        try loadRefundIdentities(since: moment, receive)
        try loadPurchaseIdentities(since: moment, receive)
    }
}
