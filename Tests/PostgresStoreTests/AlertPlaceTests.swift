import Accounting
import Quantities
import Testing

@testable import PostgresStore

/// Goal: who reads the alerts of all accounts from a place on misses none, whenever it was raised
/// and whichever lane stored it.
@Suite struct AlertPlaceTests {
    private func raise(_ journal: Journal, _ org: UInt32, _ number: UInt64, at: Timestamp) {
        let body = AlertRaised(
            alert: number,
            point: AlertPoint(kind: .dailySummary),
            value: Amount(credits: 1),
            limit: .zero,
            day: at.utcDay,
            text: ""
        )
        journal.write(.alertRaised(body), org: org, at: at)
    }

    @Test func `an alert that was raised earlier and stored later comes later`() throws {
        let database = try TestDatabase()
        let store = try database.store()
        let journal = Journal()
        let batch = BatchBuilder()
        for org in [UInt32(3), 7] { journal.create(org) }
        raise(journal, 7, 1, at: Journal.noon)
        try journal.move(to: batch)
        _ = try store.commit(batch, from: 0, to: 1)
        let reader = try database.reader()
        var query = AlertQuery(org: nil)
        let first = try reader.alerts(query)
        #expect(first.map(\.org) == [7])
        query.after = try #require(first.last?.place)
        raise(journal, 3, 1, at: Journal.noon.advanced(byMicroseconds: -60_000_000))
        raise(journal, 7, 2, at: Journal.noon)
        try journal.move(to: batch)
        _ = try store.commit(batch, from: 1, to: 2)
        let later = try reader.alerts(query)
        #expect(later.map(\.org).sorted() == [3, 7])
        #expect(later.map(\.place) == [2, 3])
        query.after = 3
        #expect(try reader.alerts(query).isEmpty)
        query.after = 0
        query.newestFirst = true
        query.limit = 2
        #expect(try reader.alerts(query).map(\.place) == [3, 2])
        query.before = 2
        #expect(try reader.alerts(query).map(\.place) == [1])
        // Of one organisation it is the number that counts.
        var own = AlertQuery(org: OrgNumber(7))
        own.after = 1
        #expect(try reader.alerts(own).map(\.alert) == [2])
    }

    @Test func `no lane gives a later place before an earlier one is stored`() throws {
        let database = try TestDatabase()
        let store = try database.store()
        let journal = Journal()
        let batch = BatchBuilder()
        for org in [UInt32(3), 7] { journal.create(org) }
        try journal.move(to: batch)
        _ = try store.commit(batch, from: 0, to: 1)
        let (one, other) = (BatchBuilder(sections: 1), BatchBuilder(sections: 1))
        raise(journal, 3, 1, at: Journal.noon)
        try journal.move(to: one)
        raise(journal, 7, 1, at: Journal.noon)
        try journal.move(to: other)
        let lane = try PostgresConnection(try database.settings())
        let second = try PostgresConnection(try database.settings())
        try second.execute("SET lock_timeout TO '200ms'", during: "a test")
        let late = BatchTables(batch: other.sections[0], connection: second)
        try lane.transaction(during: "a test") { () throws(StoreError) in
            try BatchTables(batch: one.sections[0], connection: lane).writeAlerts()
            #expect(throws: StoreError.self) {
                try second.transaction(during: "a test") { () throws(StoreError) in
                    try late.writeAlerts()
                }
            }
        }
        try second.transaction(during: "a test") { () throws(StoreError) in
            try late.writeAlerts()
        }
        let found = try database.reader().alerts(AlertQuery(org: nil))
        #expect(found.map(\.org) == [3, 7])
        #expect(found.map(\.place) == [1, 2])
    }
}
