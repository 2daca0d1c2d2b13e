import Quantities

/// What the tables say about what was sent, compared with what should be there.
struct Proof: Sendable {
    /// How many events were sent.
    var sent: UInt64 = 0
    /// How many usage lines there are.
    var stored: UInt64 = 0
    /// How many of them are there more than once.
    var duplicates: UInt64 = 0
    /// How many events that were sent are not there.
    var lost: UInt64 = 0
    /// The sum of all charges in the tables.
    var charged = Amount.zero
    /// Whether that is what the plan says, for every organisation.
    var chargesAreEqual = true
    /// What is wrong, a sentence each.
    var faults: [String] = []

    /// Reads the tables.
    ///
    /// - Parameters:
    ///   - database: Where the books are.
    ///   - workload: What was planned.
    ///   - sent: How far each producer has come.
    /// - Throws: `CampaignFault` when the tables cannot be read.
    init(_ database: Database, workload: Workload, sent: [UInt64]) throws {
        self.sent = sent.reduce(0, +)
        try proveSequences(database, workload, sent)
        try proveCharges(database, workload, sent)
        try proveProgress(database, workload, sent)
    }

    /// Every sequence once, none missing, each with the id that belongs to it.
    private mutating func proveSequences(
        _ database: Database,
        _ workload: Workload,
        _ sent: [UInt64]
    ) throws {
        let rows = try database.rows(
            """
            SELECT n.name, count(*), count(DISTINCT u.sequence), min(u.sequence), max(u.sequence),
                count(*) FILTER (WHERE u.request_id <> n.name || '-' || u.sequence)
            FROM usage_lines u JOIN names n ON n.kind = 'producer' AND n.number = u.producer
            WHERE u.request_id LIKE 'gateway-%' GROUP BY n.name
            """
        )
        for producer in 0..<workload.producers where sent[producer] > 0 {
            let name = workload.producerName(producer)
            guard let row = rows.first(where: { $0[0] == name }) else {
                lost += sent[producer]
                faults.append("\(name): nothing is stored of \(sent[producer]) events")
                continue
            }
            let numbers = row.dropFirst().map { UInt64($0) ?? 0 }
            let (lines, distinct, first, last) = (numbers[0], numbers[1], numbers[2], numbers[3])
            stored += lines
            duplicates += lines - distinct
            lost += sent[producer] - min(sent[producer], distinct)
            if lines != distinct { faults.append("\(name): \(lines - distinct) are stored twice") }
            if first != 1 || last != sent[producer] || distinct != sent[producer] {
                faults.append(
                    "\(name): sent 1...\(sent[producer]), stored \(distinct) of \(first)...\(last)"
                )
            }
            if numbers[4] > 0 { faults.append("\(name): \(numbers[4]) lines have another's id") }
        }
    }

    /// Every organisation was charged what the plan says, to the last unit.
    private mutating func proveCharges(
        _ database: Database,
        _ workload: Workload,
        _ sent: [UInt64]
    ) throws {
        let rows = try database.rows(
            """
            SELECT o.name, sum(-u.amount)::text FROM usage_lines u JOIN organisations o USING (org)
            WHERE u.request_id LIKE 'gateway-%' GROUP BY o.name
            """
        )
        let expected = workload.charges(through: sent)
        for (index, name) in workload.organisations.enumerated() {
            let text = rows.first { $0[0] == name }?[1] ?? "0"
            let found = try Amount(decimal: text)
            charged += found
            if found.units != expected[index] {
                chargesAreEqual = false
                let planned = Amount(units: expected[index])
                faults.append("\(name): charged \(found), the independent sum is \(planned)")
            }
        }
    }

    /// The table of producers agrees, so that the next welcome is right.
    private mutating func proveProgress(
        _ database: Database,
        _ workload: Workload,
        _ sent: [UInt64]
    ) throws {
        let rows = try database.rows(
            """
            SELECT n.name, p.contiguous, length(p.ahead) FROM producers p
            JOIN names n ON n.kind = 'producer' AND n.number = p.producer
            """
        )
        for producer in 0..<workload.producers where sent[producer] > 0 {
            let name = workload.producerName(producer)
            let row = rows.first { $0[0] == name }
            if row?[1] != "\(sent[producer])" || row?[2] != "0" {
                faults.append("\(name): its progress is stored as \(row ?? [])")
            }
        }
    }
}
