import DaemonHarness
import Foundation
import Testing

/// Goal: what reads the whole books keeps no payment and no question waiting.
///
/// Method: an audit and a re-rating are held up inside PostgreSQL by a lock on tables that they
/// alone read, as long as the others are asked.
@Suite struct LongReadingTests {
    private let acme = "/v1/organisations/acme"

    /// Holds a lock until it is told to let go.
    private struct Lock {
        let database: ScratchDatabase
        let name: String

        func hold(_ tables: String) throws {
            try database.query(
                """
                SET application_name = '\(name)'; BEGIN;
                LOCK TABLE \(tables) IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)
                """
            )
        }

        func isWaitedFor(by count: Int) throws -> Bool {
            try database.count(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'
                """
            ) >= count
        }

        func letGo() throws {
            try database.query(
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity "
                    + "WHERE application_name = '\(name)'"
            )
        }
    }

    @Test func `payments and questions are answered while an audit and a re-rating read`() throws {
        let offer =
            "\noffer:\n  credit: {name: credit, currency: EUR}\n"
            + "  packs: {small: {credits: 10, price: 1}}\n"
        let daemon = try TestDaemon(rates: Rates.card() + offer)
        try daemon.start()
        let admin = daemon.admin
        try admin.createOrganisation("acme")
        for number in 1...4 {
            try admin.request(
                "POST",
                "\(acme)/purchases",
                #"{"pack":"small"}"#,
                headers: ["Idempotency-Key": "ask-\(number)"]
            )
        }
        try daemon.waitUntilStored()
        let lock = Lock(database: daemon.database, name: "long-reading")
        let card = Rates.card("new").replacingOccurrences(of: "\n", with: "\\n")
        let preview =
            #"{"from":"2020-01-01T00:00:00Z","to":"2020-02-01T00:00:00Z","card":"\#(card)"}"#
        try inParallel(4) { part in
            switch part {
            case 0: do { try lock.hold("machine_runs, prices") } catch is HarnessError {}
            case 1, 2:
                try wait(until: "the lock is held", within: 60) {
                    try daemon.database.count(
                        "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
                            + "WHERE c.relname = 'prices' AND l.mode = 'AccessExclusiveLock' "
                            + "AND l.granted AND l.database = "
                            + "(SELECT oid FROM pg_database WHERE datname = current_database())"
                    ) > 0
                }
                let answer =
                    part == 1
                    ? try admin.call("POST", "/v1/audit", "{}", within: 60)
                    : try admin.call("POST", "/v1/rerates/preview", preview, within: 60)
                #expect(answer.status == 200, "\(answer.text)")
            default:
                defer { #expect(throws: Never.self) { try lock.letGo() } }
                try wait(until: "both stand still", within: 60) { try lock.isWaitedFor(by: 2) }
                for number in 1...4 {
                    let paid = try admin.call(
                        "POST",
                        "\(acme)/purchases/\(number)/confirm",
                        #"{"payment":"pi_\#(number)"}"#
                    )
                    #expect(paid.status == 200, "\(paid.text)")
                    let page = try admin.call("GET", "\(acme)/transactions")
                    #expect(page.status == 200, "\(page.text)")
                }
                let export = try admin.call("GET", "\(acme)/export")
                #expect(export.status == 200 && export.text.contains("total"))
                #expect(try lock.isWaitedFor(by: 2))
            }
        }
    }
}
