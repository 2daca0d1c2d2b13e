import Engine
import Quantities

/// The page for Prometheus, text format 0.0.4.
///
/// Units:  base units (bytes, seconds, credits); counters end in `_total`.
/// Why:    no labels for accounts: a page must not grow with the number of customers.
enum MetricsPage {
    /// The page for one moment.
    static func text(of report: StatusReport) -> String {
        var page = ""
        for metric in metrics {
            page += "# HELP \(metric.name) \(metric.help)\n"
            page += "# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            page += "\(metric.name)\(metric.labels(report)) \(metric.value(report))\n"
        }
        return page
    }

    private enum Kind: String {
        case counter
        case gauge
    }

    private struct Metric: Sendable {
        let name: String
        let kind: Kind
        let help: String
        var labels: @Sendable (StatusReport) -> String = { _ in "" }
        let value: @Sendable (StatusReport) -> String

        init(
            _ name: String,
            _ kind: Kind,
            _ help: String,
            _ value: @escaping @Sendable (StatusReport) -> String
        ) {
            self.name = name
            self.kind = kind
            self.help = help
            self.value = value
        }
    }

    private static let metrics: [Metric] =
        about + positions + journal + state + outcomes
        + purchases

    private static let about: [Metric] = {
        var info = Metric("meterd_info", .gauge, "Always 1; the labels tell what runs.") { _ in
            "1"
        }
        info.labels = { report in
            let node = escaped(report.node)
            let version = escaped(report.version)
            return "{node=\"\(node)\",version=\"\(version)\"}"
        }
        return [
            info,
            Metric(
                "meterd_start_time_seconds",
                .gauge,
                "Since when the process runs, in seconds since 1970."
            ) { seconds($0.startedAt) },
            Metric("meterd_ready", .gauge, "1 while requests are taken and answered, else 0.") {
                $0.ready ? "1" : "0"
            },
            Metric("meterd_troubles", .gauge, "How many things are wrong; /ready names them.") {
                String($0.troubles.count)
            },
        ]
    }()

    private static let positions: [Metric] = [
        Metric(
            "meterd_accepted_total",
            .counter,
            "Usage events and commands taken from sockets into a ring."
        ) { String($0.accepted) },
        Metric("meterd_applied_total", .counter, "Those rated and debited in memory.") {
            String($0.applied)
        },
        Metric("meterd_journaled_total", .counter, "Those safe on disk: what an ack means.") {
            String($0.journaled)
        },
        Metric("meterd_stored_total", .counter, "Those in PostgreSQL.") { String($0.stored) },
    ]

    private static let journal: [Metric] = [
        Metric("meterd_journal_written_bytes", .gauge, "Journal position that is written.") {
            String($0.journalWritten)
        },
        Metric("meterd_journal_synced_bytes", .gauge, "Journal position that is safe on disk.") {
            String($0.journalSynced)
        },
        Metric("meterd_journal_stored_bytes", .gauge, "Journal position that is in PostgreSQL.") {
            String($0.journalStored)
        },
        Metric(
            "meterd_journal_retired_bytes",
            .gauge,
            "Journal position below which segments are gone."
        ) { String($0.journalRetired) },
        Metric(
            "meterd_journal_backlog_bytes",
            .gauge,
            "Safe on disk, not yet in PostgreSQL: synced less stored."
        ) { String($0.journalSynced - min($0.journalSynced, $0.journalStored)) },
        Metric("meterd_journal_size_bytes", .gauge, "What the journal takes on disk.") {
            String($0.journalBytes)
        },
        Metric("meterd_journal_limit_bytes", .gauge, "What the journal may take on disk.") {
            String($0.journalMaximumBytes)
        },
    ]

    private static let state: [Metric] = [
        Metric("meterd_postgres_up", .gauge, "1 while PostgreSQL answers, else 0.") {
            $0.postgresConnected ? "1" : "0"
        },
        Metric("meterd_connections", .gauge, "Open connections on the data socket.") {
            String($0.connections)
        },
        Metric("meterd_organisations", .gauge, "Organisations known.") {
            String($0.organisations)
        },
        Metric("meterd_holds", .gauge, "Holds that are open.") { String($0.openHolds) },
    ]

    private static let outcomes: [Metric] = [
        Metric("meterd_rejected_total", .counter, "Reports rejected since start.") {
            String($0.rejected)
        },
        Metric(
            "meterd_duplicates_total",
            .counter,
            "Repeats recognised and not booked again since start."
        ) { String($0.duplicates) },
        Metric("meterd_granted_total", .counter, "Requests granted since start.") {
            String($0.granted)
        },
        Metric("meterd_refused_total", .counter, "Requests refused since start.") {
            String($0.refused)
        },
        Metric(
            "meterd_overshoot_credits_total",
            .counter,
            "Credits by which wallets went below zero since start."
        ) { $0.overshoot.description },
        Metric("meterd_alerts_raised_total", .counter, "Alerts that went off since start.") {
            String($0.alertsRaised)
        },
    ]

    private static let purchases: [Metric] = [
        Metric("meterd_purchases_asked_total", .counter, "Purchases asked for since start.") {
            String($0.purchases.asked)
        },
        Metric("meterd_purchases_confirmed_total", .counter, "Purchases paid since start.") {
            String($0.purchases.confirmed)
        },
        Metric(
            "meterd_topups_failed_total",
            .counter,
            "Top-ups that failed since start."
        ) { String($0.purchases.topUpsFailed) },
        Metric(
            "meterd_topup_limits_reached_total",
            .counter,
            "Top-ups refused by a month's limit since start."
        ) { String($0.purchases.limitsReached) },
        Metric(
            "meterd_connector_runs_unclear_total",
            .counter,
            "Connector runs of unclear outcome since start."
        ) { String($0.purchases.unclearRuns) },
        Metric(
            "meterd_payments_unbooked_total",
            .counter,
            "Payments taken by connectors and not credited."
        ) { String($0.purchases.unbookedPayments) },
    ]

    private static func seconds(_ time: Timestamp) -> String {
        let seconds = time.microseconds.dividedFloor(by: 1_000_000)
        let micros = time.microseconds - seconds * 1_000_000
        if micros == 0 { return String(seconds) }
        let digits = String(micros)
        return "\(seconds)." + String(repeating: "0", count: 6 - digits.utf8.count) + digits
    }

    private static func escaped(_ label: String) -> String {
        var text = ""
        for character in label {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
        return text
    }
}
