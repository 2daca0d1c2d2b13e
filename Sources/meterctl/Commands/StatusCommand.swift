import ArgumentParser
import ControlPlane
import Foundation
import MeterClient
import Quantities

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows positions, lag, backlog, connections, and what is wrong.",
        discussion: """
            The positions are how far events have come: accepted (from a socket), applied (debited
            in memory), journaled (safe on disk: acknowledged), stored (in PostgreSQL).

            Examples:
              meterctl status
              meterctl status --json | jq .positions
            """
    )

    @OptionGroup var control: ControlOptions

    func run() async throws {
        let now = Timestamp.now
        try await control.show(StatusBody.self, ControlRequest(.get, "v1", "status")) { body in
            StatusText.text(of: body, at: now)
        }
    }
}

/// The status for people.
enum StatusText {
    static func text(of status: StatusBody, at now: Timestamp) -> String {
        let up = Figures.span(microseconds: now.microseconds - status.startedAt.microseconds)
        var text = "meterd \(status.version), node \(status.node), up \(up), "
        text += status.ready ? "ready\n\n" : "NOT READY\n\n"
        text += positions(status) + "\n" + state(status) + "\n"
        if status.troubles.isEmpty { return text + "No troubles.\n" }
        text += "Troubles:\n"
        for trouble in status.troubles { text += "  - \(trouble)\n" }
        return text
    }

    private static func positions(_ status: StatusBody) -> String {
        var table = TextTable([("POSITION", .left), ("EVENTS", .right), ("BEHIND", .right)])
        let positions = status.positions
        let rows = [
            ("accepted", positions.accepted), ("applied", positions.applied),
            ("journaled", positions.journaled), ("stored", positions.stored),
        ]
        var before: UInt64?
        for (name, value) in rows {
            // The numbers are read one after the other while events pass: never below zero.
            let behind = before.map { Figures.count($0 > value ? $0 - value : 0) }
            table.add([name, Figures.count(value), behind ?? ""])
            before = value
        }
        return table.text
    }

    private static func state(_ status: StatusBody) -> String {
        let journal = status.journal
        let backlog = journal.synced > journal.stored ? journal.synced - journal.stored : 0
        var list = TextList()
        list.add("Rate card", status.rateCard)
        list.add(
            "Journal",
            "\(Figures.bytes(journal.bytes)) of \(Figures.bytes(journal.maximumBytes)), "
                + "\(Figures.bytes(backlog)) not yet in PostgreSQL"
        )
        list.add("PostgreSQL", status.postgresConnected ? "connected" : "AWAY")
        list.add("Connections", Figures.count(status.connections))
        list.add("Organisations", Figures.count(status.organisations))
        list.add("Open holds", Figures.count(status.openHolds))
        list.add(
            "Since start",
            "\(Figures.count(status.granted)) granted, \(Figures.count(status.refused)) refused, "
                + "\(Figures.count(status.rejected)) rejected, "
                + "\(Figures.count(status.duplicates)) duplicates"
        )
        list.add("Overshoot", "\(status.overshoot) credits")
        return list.text
    }
}
