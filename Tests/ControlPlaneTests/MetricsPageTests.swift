@testable import ControlFixture
@testable import ControlPlane
import Engine
import Testing

/// Goal: the page for Prometheus stays what dashboards were built on.
///
/// Method: a golden.
@Suite struct MetricsPageTests {
    static let golden = """
        # HELP meterd_info Always 1; the labels tell what runs.
        # TYPE meterd_info gauge
        meterd_info{node="gateway-1",version="0.1.0"} 1
        # HELP meterd_start_time_seconds Since when the process runs, in seconds since 1970.
        # TYPE meterd_start_time_seconds gauge
        meterd_start_time_seconds 1772359200.250000
        # HELP meterd_ready 1 while requests are taken and answered, else 0.
        # TYPE meterd_ready gauge
        meterd_ready 1
        # HELP meterd_troubles How many things are wrong; /ready names them.
        # TYPE meterd_troubles gauge
        meterd_troubles 0
        # HELP meterd_accepted_total Usage events and commands taken from sockets into a ring.
        # TYPE meterd_accepted_total counter
        meterd_accepted_total 1000
        # HELP meterd_applied_total Those rated and debited in memory.
        # TYPE meterd_applied_total counter
        meterd_applied_total 990
        # HELP meterd_journaled_total Those safe on disk: what an ack means.
        # TYPE meterd_journaled_total counter
        meterd_journaled_total 980
        # HELP meterd_stored_total Those in PostgreSQL.
        # TYPE meterd_stored_total counter
        meterd_stored_total 900
        # HELP meterd_journal_written_bytes Journal position that is written.
        # TYPE meterd_journal_written_bytes gauge
        meterd_journal_written_bytes 65536
        # HELP meterd_journal_synced_bytes Journal position that is safe on disk.
        # TYPE meterd_journal_synced_bytes gauge
        meterd_journal_synced_bytes 61440
        # HELP meterd_journal_stored_bytes Journal position that is in PostgreSQL.
        # TYPE meterd_journal_stored_bytes gauge
        meterd_journal_stored_bytes 57344
        # HELP meterd_journal_retired_bytes Journal position below which segments are gone.
        # TYPE meterd_journal_retired_bytes gauge
        meterd_journal_retired_bytes 0
        # HELP meterd_journal_backlog_bytes Safe on disk, not yet in PostgreSQL: synced less stored.
        # TYPE meterd_journal_backlog_bytes gauge
        meterd_journal_backlog_bytes 4096
        # HELP meterd_journal_size_bytes What the journal takes on disk.
        # TYPE meterd_journal_size_bytes gauge
        meterd_journal_size_bytes 67108864
        # HELP meterd_journal_limit_bytes What the journal may take on disk.
        # TYPE meterd_journal_limit_bytes gauge
        meterd_journal_limit_bytes 8589934592
        # HELP meterd_postgres_up 1 while PostgreSQL answers, else 0.
        # TYPE meterd_postgres_up gauge
        meterd_postgres_up 1
        # HELP meterd_connections Open connections on the data socket.
        # TYPE meterd_connections gauge
        meterd_connections 3
        # HELP meterd_organisations Organisations known.
        # TYPE meterd_organisations gauge
        meterd_organisations 2
        # HELP meterd_holds Holds that are open.
        # TYPE meterd_holds gauge
        meterd_holds 1
        # HELP meterd_rejected_total Reports rejected since start.
        # TYPE meterd_rejected_total counter
        meterd_rejected_total 4
        # HELP meterd_duplicates_total Repeats recognised and not booked again since start.
        # TYPE meterd_duplicates_total counter
        meterd_duplicates_total 5
        # HELP meterd_granted_total Requests granted since start.
        # TYPE meterd_granted_total counter
        meterd_granted_total 600
        # HELP meterd_refused_total Requests refused since start.
        # TYPE meterd_refused_total counter
        meterd_refused_total 7
        # HELP meterd_overshoot_credits_total Credits by which wallets went below zero since start.
        # TYPE meterd_overshoot_credits_total counter
        meterd_overshoot_credits_total 0.25
        # HELP meterd_alerts_raised_total Alerts that went off since start.
        # TYPE meterd_alerts_raised_total counter
        meterd_alerts_raised_total 0
        # HELP meterd_purchases_asked_total Purchases asked for since start.
        # TYPE meterd_purchases_asked_total counter
        meterd_purchases_asked_total 0
        # HELP meterd_purchases_confirmed_total Purchases paid since start.
        # TYPE meterd_purchases_confirmed_total counter
        meterd_purchases_confirmed_total 0
        # HELP meterd_topups_failed_total Top-ups that failed since start.
        # TYPE meterd_topups_failed_total counter
        meterd_topups_failed_total 0
        # HELP meterd_topup_limits_reached_total Top-ups refused by a month's limit since start.
        # TYPE meterd_topup_limits_reached_total counter
        meterd_topup_limits_reached_total 0
        # HELP meterd_connector_runs_unclear_total Connector runs of unclear outcome since start.
        # TYPE meterd_connector_runs_unclear_total counter
        meterd_connector_runs_unclear_total 0
        # HELP meterd_payments_unbooked_total Payments taken by connectors and not credited.
        # TYPE meterd_payments_unbooked_total counter
        meterd_payments_unbooked_total 0

        """

    @Test func `the page is the golden one`() {
        #expect(MetricsPage.text(of: FakeAdministration.report) == MetricsPageTests.golden)
    }

    @Test func `the page is served with its format's content type`() async throws {
        try await ServerFixture.with { client, _, _ in
            let text = try await client.call("GET /metrics").text
            #expect(text == MetricsPageTests.golden)
        }
    }

    @Test func `labels are escaped`() {
        var report = FakeAdministration.report
        report.node = "a\"b\\c\nd"
        #expect(MetricsPage.text(of: report).contains(#"{node="a\"b\\c\nd",version="0.1.0"}"#))
    }
}
