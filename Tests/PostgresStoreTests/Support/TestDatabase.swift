import CLibpq
import Glibc
import Synchronization
import Testing

import Accounting
import Quantities

@testable import PostgresStore

/// A database of its own on the server that `METERD_TEST_POSTGRES` names; dropped at the end.
final class TestDatabase: Sendable {
    let name: String
    let admin: String

    private static let counter = Atomic<Int>(0)

    /// Makes an empty database; without a server the test fails.
    init() throws {
        guard let text = getenv("METERD_TEST_POSTGRES") else {
            Issue.record("METERD_TEST_POSTGRES must hold the conninfo of an admin database")
            throw StoreError.badConnectionSettings("is missing: set METERD_TEST_POSTGRES")
        }
        admin = String(cString: text)
        let number = TestDatabase.counter.add(1, ordering: .relaxed).newValue
        name = "meterd_test_\(getpid())_\(number)"
        try run(StoreSettings(conninfo: admin), "CREATE DATABASE \(name)")
    }

    deinit {
        do {
            try run(StoreSettings(conninfo: admin), "DROP DATABASE \(name) WITH (FORCE)")
        } catch {
            Issue.record("the test's database could not be dropped: \(error)")
        }
    }

    private func run(_ settings: StoreSettings, _ sql: String) throws {
        let connection = try PostgresConnection(settings)
        try connection.execute(sql, during: "a test's preparation")
        connection.close()
    }

    /// How to reach it, with some words of the admin's conninfo replaced.
    func settings(replacing words: [String: String] = [:]) throws -> StoreSettings {
        var replaced = words
        replaced["dbname"] = name
        var parts: [String] = []
        for (keyword, value) in try conninfo() where replaced[keyword] == nil {
            parts.append("\(keyword)='\(value)'")
        }
        for (keyword, value) in replaced { parts.append("\(keyword)='\(value)'") }
        return StoreSettings(conninfo: parts.joined(separator: " "))
    }

    /// The words of the admin's conninfo.
    func conninfo() throws -> [String: String] {
        let options = try #require(PQconninfoParse(admin, nil))
        defer { PQconninfoFree(options) }
        var words: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                words[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        return words
    }

    /// A connected store with the newest schema and the lease.
    func store(node: String = "node-a", holder: String = "daemon-1") throws -> PostgresStore {
        let store = PostgresStore(settings: try settings(), node: node)
        try store.connect()
        _ = try store.migrate()
        _ = try store.acquireLease(holder: holder, seconds: 60, takeOver: false)
        return store
    }

    func reader() throws -> PostgresReader {
        let reader = PostgresReader(settings: try settings())
        try reader.connect()
        return reader
    }

    /// Runs SQL by the side.
    @discardableResult
    func execute(_ sql: String) throws -> QueryResult {
        let connection = try PostgresConnection(try settings())
        return try connection.query(sql, during: "a test's own statement")
    }

    func count(_ sql: String) throws -> Int {
        try execute(sql).integer(0, 0)
    }
}

extension PostgresStore {
    /// Everything that is loaded.
    func loadEverything(since: Timestamp = .epoch) throws -> LoadedState {
        var state = LoadedState()
        state.positions = try loadAll(identitiesSince: since) { state.items.append($0) }
        return state
    }
}

/// What a load gave.
struct LoadedState: Equatable {
    var positions = StoredPositions()
    var items: [LoadedItem] = []

    /// Up to where everything is stored.
    var position: UInt64 { positions.lowest }

    var organisations: [OrganisationSnapshot] {
        items.compactMap { if case .organisation(let found) = $0 { found } else { nil } }
    }

    var usageIdentities: [UsageIdentity] {
        items.compactMap { if case .usageIdentity(let found) = $0 { found } else { nil } }
    }

    var grantIdentities: [GrantIdentity] {
        items.compactMap { if case .grantIdentity(let found) = $0 { found } else { nil } }
    }

    var producers: [UInt32: SequenceSet] {
        var found: [UInt32: SequenceSet] = [:]
        for case .producer(let producer, let progress) in items { found[producer] = progress }
        return found
    }
}
