import DaemonHarness
import Quantities
import Testing

@testable import CrashScenarios

/// Goal: the campaign's proof sees what must never happen.
///
/// Method: small tables are filled as planned, and then tampered with.
@Suite struct ProofTests {
    private let workload = Workload(
        seed: 5,
        producers: 4,
        eventsEach: 25,
        organisations: ["org-1", "org-2", "org-3"]
    )

    /// The proof's faults after a statement, of which `org`, `producer` and `sequence` are columns.
    private func proof(after sql: String = "SELECT 1") throws -> Proof {
        let scratch = try ScratchDatabase()
        return try withExtendedLifetime(scratch) {
            try proof(in: try Database(scratch.conninfo), after: sql)
        }
    }

    private func proof(in database: Database, after sql: String) throws -> Proof {
        try database.rows(
            """
            CREATE TABLE names (kind text, number integer, name text);
            CREATE TABLE organisations (org bigint, name text);
            CREATE TABLE producers (producer integer, contiguous bigint, ahead bytea);
            CREATE TABLE usage_lines (org bigint, producer integer, sequence bigint,
                request_id text, amount numeric(38,12));
            INSERT INTO organisations VALUES (1, 'org-1'), (2, 'org-2'), (3, 'org-3');
            """
        )
        for producer in 0..<workload.producers {
            let name = workload.producerName(producer)
            try database.rows("INSERT INTO names VALUES ('producer', \(producer + 1), '\(name)')")
            try database.rows("INSERT INTO producers VALUES (\(producer + 1), 25, '')")
            let lines = (1...workload.eventsEach).map { sequence in
                let event = workload.event(producer, sequence)
                return "(\(event.org + 1), \(producer + 1), \(sequence), "
                    + "'\(workload.requestID(producer, sequence))', "
                    + "-\(Amount(units: event.cost)))"
            }
            try database.rows("INSERT INTO usage_lines VALUES \(lines.joined(separator: ", "))")
        }
        try database.rows(sql)
        let sent = [UInt64](repeating: workload.eventsEach, count: workload.producers)
        return try Proof(database, workload: workload, sent: sent)
    }

    @Test func `books as planned are in order`() throws {
        let proof = try proof()
        #expect(proof.faults == [])
        #expect(proof.stored == 100)
        #expect(proof.duplicates == 0 && proof.lost == 0)
    }

    @Test func `a missing line is seen`() throws {
        let proof = try proof(after: "DELETE FROM usage_lines WHERE producer = 2 AND sequence = 9")
        #expect(proof.lost == 1)
        #expect(!proof.faults.isEmpty)
    }

    @Test func `a line that is there twice is seen`() throws {
        let proof = try proof(
            after: """
                INSERT INTO usage_lines SELECT * FROM usage_lines
                WHERE producer = 3 AND sequence = 25
                """
        )
        #expect(proof.duplicates == 1)
        #expect(!proof.faults.isEmpty)
        #expect(!proof.chargesAreEqual)
    }

    @Test(arguments: [
        "UPDATE usage_lines SET amount = amount - 1e-12 WHERE producer = 1 AND sequence = 1",
        "UPDATE usage_lines SET org = org % 3 + 1 WHERE producer = 1 AND sequence = 1",
        "UPDATE usage_lines SET request_id = 'gateway-0-2' WHERE producer = 1 AND sequence = 1",
        "UPDATE producers SET contiguous = 24 WHERE producer = 4",
        "UPDATE producers SET ahead = '\\x01' WHERE producer = 4",
        "UPDATE usage_lines SET sequence = 26 WHERE producer = 1 AND sequence = 25",
    ])
    func `anything that is not as planned is seen`(sql: String) throws {
        #expect(!(try proof(after: sql)).faults.isEmpty)
    }

    @Test func `the independent prices follow the card's cliff`() {
        let tiered = PlannedModel.all[2]
        #expect(tiered.cost(TokenCounts(input: 200_000)) == 200_000 * 1_250_000)
        #expect(tiered.cost(TokenCounts(input: 200_001)) == 200_001 * 2_500_000)
    }
}
