import Quantities
import Testing

@testable import PostgresStore

/// Goal: no batch ever waits for somebody to make a partition.
///
/// Method: batches across midnight, and days far from today.
@Suite struct PartitionTests {
    private func partitions(_ database: TestDatabase) throws -> [String] {
        let rows = try database.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits "
                + "WHERE inhparent = 'usage_lines'::regclass ORDER BY 1"
        )
        return (0..<rows.rowCount).map { rows.text($0, 0) }
    }

    @Test func `today's and tomorrow's partitions are there before the first batch`() throws {
        let database = try TestDatabase()
        _ = try database.store()
        let today = try database.execute("SELECT now()").time(0, 0).utcDay
        let expected = [today, today.advanced(by: 1)].map { Partitions.name($0) }
        #expect(try partitions(database) == expected)
    }

    @Test func `a batch across midnight goes into both days and makes the day after`() throws {
        let database = try TestDatabase()
        let store = try database.store()
        let midnight = try #require(CivilDay(year: 2027, month: 1, day: 1)).utcStart
        let journal = Journal()
        journal.create(1, at: midnight.advanced(byMicroseconds: -10))
        journal.grant(1, 1, Amount(credits: 10), at: midnight.advanced(byMicroseconds: -9))
        for offset in [-2, -1, 0, 1] as [Int64] {
            let at = midnight.advanced(byMicroseconds: offset)
            journal.write(Journal.usage(1, Amount(credits: 1), at: at))
        }
        let batch = BatchBuilder()
        try journal.move(to: batch)
        _ = try store.commit(batch, from: 0, to: 1)
        #expect(try database.count("SELECT count(*) FROM usage_lines_2026_12_31") == 2)
        #expect(try database.count("SELECT count(*) FROM usage_lines_2027_01_01") == 2)
        #expect(try partitions(database).contains("usage_lines_2027_01_02"))
        let lines = try database.reader().transactions(TransactionQuery(org: OrgNumber(1)))
        #expect(lines.map(\.line) == [5, 4, 3, 2, 1])
        #expect(try database.reader().audit(org: nil, violationLimit: 9) { _ in }.isClean)
    }

    @Test func `two nodes that make the same day do not disturb each other`() throws {
        let database = try TestDatabase()
        let one = try database.store(node: "node-a")
        let two = try database.store(node: "node-b")
        let far = Journal.noon.advanced(byMicroseconds: 86_400_000_000 * 400)
        for (org, store) in [(UInt32(1), one), (UInt32(2), two)] {
            let journal = Journal()
            journal.create(org, at: far)
            journal.write(Journal.usage(org, .zero, at: far))
            let batch = BatchBuilder()
            try journal.move(to: batch)
            _ = try store.commit(batch, from: 0, to: 1)
        }
        #expect(try database.count("SELECT count(*) FROM usage_lines") == 2)
    }

    @Test func `a partition has the table's keys`() throws {
        let database = try TestDatabase()
        _ = try database.store()
        let invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
        #expect(try database.count(invalid) == 0)
    }
}
