import ArgumentParser
import ControlPlane
import Foundation
import Quantities

struct RerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rerate",
        abstract: "Rates a period again by another card; previews, applies and undoes it.",
        discussion: """
            Every request that was applied from --from on and before --to is rated by the card, at
            the version in force when it happened. A request without a price on the card stays as
            it is. The books keep their lines: the differences become correction lines, one for
            each organisation, day, project, key and model. What was refunded stays refunded:
            a request that was refunded whole stays as it is, too.

            Without --preview the differences are booked, once for each --id: after an interruption
            the same command goes on and books nothing twice. --undo books the opposite lines.

            Examples:
              meterctl rerate --from 2026-03-01 --to 2026-04-01 --card new.yaml --preview
              meterctl rerate --from 2026-03-01 --to 2026-04-01 --card new.yaml --id march-fix
              meterctl rerate --undo march-fix
              meterctl rerate --list
            """
    )

    @Option(help: ArgumentHelp("Requests applied at or after.", valueName: "time"))
    var from: Moment?

    @Option(help: ArgumentHelp("Requests applied before; it must have passed.", valueName: "time"))
    var to: Moment?

    @Option(help: ArgumentHelp("The rate card.", valueName: "file"), completion: .file())
    var card: String?

    @Option(help: ArgumentHelp("One organisation; otherwise all.", valueName: "name"))
    var org: String?

    @Flag(help: "Show what would change, and book nothing.")
    var preview = false

    @Option(help: ArgumentHelp("What it is called; a new name is made and shown.", valueName: "id"))
    var id: String?

    @Option(help: ArgumentHelp("Undo this re-rating.", valueName: "id"))
    var undo: String?

    @Flag(help: "List the re-ratings that were applied.")
    var list = false

    @Option(help: ArgumentHelp("How many seconds it may take.", valueName: "seconds"))
    var timeout = 24 * 3600

    @OptionGroup var control: ControlOptions

    func validate() throws {
        let others = from != nil || to != nil || card != nil || org != nil || id != nil || preview
        if list || undo != nil {
            if others || (list && undo != nil) {
                throw ValidationError("--list and --undo stand alone.")
            }
            return
        }
        guard from != nil, to != nil, card != nil else {
            throw ValidationError("Give --from, --to and --card; or --undo, or --list.")
        }
        if preview, id != nil { throw ValidationError("A preview has no --id.") }
    }

    func run() async throws {
        if list {
            let request = ControlRequest(.get, "v1", "rerates")
            return try await control.show(ReratesBody.self, request) { RerateText.table($0) }
        }
        let request = try request()
        let progress = Task { await watch() }
        defer {
            progress.cancel()
            Console.endRedraw()
        }
        let reply = try await control.ask(
            RerateReportBody.self,
            request,
            timeoutSeconds: timeout
        )
        Console.endRedraw()
        let text = control.json ? reply.answer.text : RerateText.text(of: reply.body)
        Console.current.write(text)
        if reply.body.notBooked > 0 {
            throw Failure(
                .negative,
                "\(Figures.count(reply.body.notBooked)) corrections could not be booked: the "
                    + "organisation is closed, or at the end of amounts."
            )
        }
    }

    private func request() throws -> ControlRequest {
        if let undo {
            var request = ControlRequest(.post, "v1", "rerates", undo, "undo")
            request.idempotencyKey = "undo.\(undo)"
            return request
        }
        // Read here for its lines; the daemon reads it once more.
        let path = card ?? ""
        _ = try CardFile.load(path)
        var request =
            preview
            ? ControlRequest(.post, "v1", "rerates", "preview")
            : ControlRequest(.post, "v1", "rerates")
        request.body = try Fields([
            ("from", from?.text), ("to", to?.text), ("organisation", org),
            ("card", try CardFile.text(path)),
        ]).json
        if !preview { request.idempotencyKey = name() }
        return request
    }

    private func name() -> String {
        if let id { return id }
        let id = IdempotencyOptions.newKey()
        Console.hint(
            "The re-rating is called \(id). If it is interrupted, repeat the command with "
                + "--id \(id): nothing is booked twice."
        )
        return id
    }

    /// Shows how far it is, where a person watches.
    private func watch() async {
        guard Console.current.isTerminal else { return }
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: .seconds(1))
                let reply = try await control.ask(
                    RerateProgressBody.self,
                    ControlRequest(.get, "v1", "rerates", "progress")
                )
                guard !Task.isCancelled, reply.body.running else { continue }
                Console.redraw(RerateText.progress(reply.body))
            } catch {
                return
            }
        }
    }
}

/// Re-ratings for people.
enum RerateText {
    static func progress(_ body: RerateProgressBody) -> String {
        var text = "\(body.daysDone) of \(body.days) days, "
        text += "\(Figures.count(body.requests)) requests rated"
        if body.corrections > 0 {
            text += ", \(Figures.count(body.booked)) of \(Figures.count(body.corrections)) booked"
        }
        return text
    }

    static func text(of body: RerateReportBody) -> String {
        var text = ""
        if !body.organisations.isEmpty {
            var table = TextTable([
                ("ORGANISATION", .left), ("REQUESTS", .right), ("CHANGED", .right),
                ("OLD", .decimal), ("NEW", .decimal), ("DIFFERENCE", .decimal), ("STATE", .left),
            ])
            for sum in body.organisations + [body.total] {
                table.add([
                    sum.name ?? "in all", Figures.count(sum.requests), Figures.count(sum.changed),
                    "\(sum.old)", "\(sum.new)", "\(sum.difference)", sum.closed ? "closed" : "",
                ])
            }
            text += table.text + "\n"
        }
        if body.leftOut > 0 { text += "\(Figures.count(body.leftOut)) more have changes.\n" }
        if body.total.unpriced > 0 {
            text += "\(Figures.plural(body.total.unpriced, "request has", "requests have")) "
            text += "no price on the card and \(body.total.unpriced == 1 ? "stays" : "stay").\n"
        }
        if body.total.refunded > 0 {
            text += "\(Figures.plural(body.total.refunded, "request was", "requests were")) "
            text += "refunded whole and \(body.total.refunded == 1 ? "stays" : "stay") so.\n"
        }
        guard let id = body.id else {
            return text + "Rated by \(body.card): a preview, nothing is booked.\n"
        }
        text += "\(id): \(Figures.plural(body.booked, "correction", "corrections")) booked"
        if body.bookedBefore > 0 { text += ", \(Figures.count(body.bookedBefore)) before" }
        return text + ".\n"
    }

    static func table(_ body: ReratesBody) -> String {
        if body.rerates.isEmpty { return "None.\n" }
        var table = TextTable([
            ("ID", .left), ("FROM", .left), ("TO", .left), ("ORGANISATION", .left),
            ("CARD", .left), ("LINES", .right), ("CREDITS", .decimal), ("STATE", .left),
        ])
        for rerate in body.rerates {
            let state =
                rerate.undoes.map { "undoes \($0)" } ?? rerate.undoneBy.map { "undone by \($0)" }
            table.add([
                rerate.id, "\(rerate.from)", "\(rerate.to)", rerate.organisation ?? "all",
                rerate.card, Figures.count(rerate.corrections), "\(rerate.amount)",
                state ?? "applied",
            ])
        }
        return table.text
    }
}

extension CardFile {
    /// A card's text, as it stands in its file.
    static func text(_ path: String) throws -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw Failure(.config, "\(path) cannot be read: \(error.localizedDescription)")
        }
    }
}
