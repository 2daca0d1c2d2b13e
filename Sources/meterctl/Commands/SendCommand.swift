import ArgumentParser
import MeterClient
import Wire

extension TraceSource.Clock: ExpressibleByArgument {}

struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Streams usage and heartbeats into meterd, from JSON lines or a trace.",
        discussion: """
            JSON lines are those of the protocol, of type usage or heartbeat. A trace is a CSV file
            with the columns TIMESTAMP,ContextTokens,GeneratedTokens; every line is a request of one
            account to one model.

            Events are numbered from --first-sequence on. The same producer with the same numbers
            adds nothing, so that a send whose end is unknown can simply be repeated.

            Examples:
              meterctl send usage.jsonl --producer gateway-1
              meterctl send --trace code.csv --org acme --model claude-sonnet --producer code-1
              generate-usage | meterctl send - --producer gateway-1 --first-sequence 8820
            """
    )

    @Argument(help: "A file of JSON lines; - is standard input.", completion: .file())
    var file: String?

    @Option(help: ArgumentHelp("A trace instead.", valueName: "file"), completion: .file())
    var trace: String?

    @OptionGroup var account: AccountOptions

    @Option(help: ArgumentHelp("The model of a trace's requests.", valueName: "name"))
    var model: String?

    @Option(help: "Which time a trace's events carry: that of their arrival, or the trace's.")
    var at: TraceSource.Clock = .now

    @Option(
        help: ArgumentHelp(
            "A name under which events are counted once.",
            discussion: "A new one is made and shown when none is given.",
            valueName: "name"
        )
    )
    var producer: String?

    @Option(help: ArgumentHelp("The first event's number.", valueName: "number"))
    var firstSequence: UInt64 = 1

    @Flag(help: "Wait until everything is in PostgreSQL, not only in the journal.")
    var stored = false

    @Flag(help: "Print JSON instead of text.")
    var json = false

    @OptionGroup var data: DataOptions

    func validate() throws {
        guard (file == nil) != (trace == nil) else {
            throw ValidationError("Give a file of JSON lines (- is standard input), or --trace.")
        }
        guard firstSequence > 0 else { throw ValidationError("--first-sequence begins at 1.") }
        if trace != nil {
            _ = try account.required()
            guard model != nil else { throw ValidationError("A trace needs --model.") }
        } else if account.org != nil || account.key != nil || model != nil {
            throw ValidationError("--org, --key and --model are for --trace: lines name their own.")
        }
    }

    func run() async throws {
        var settings = Sender.Settings(path: data.path, producer: announcedProducer())
        settings.firstSequence = firstSequence
        settings.durability = stored ? .stored : .journaled
        let command = self
        let figures = try await Blocking.run { [settings] in try command.send(settings) }
        if json {
            Console.line(try JSONText.text(SendBody(figures, producer: settings.producer)))
        } else {
            Console.current.write(figures.text(producer: settings.producer))
        }
        guard figures.rejected == 0 else {
            throw Failure(.negative, "\(Figures.count(figures.rejected)) events were rejected.")
        }
    }

    private func send(_ settings: Sender.Settings) throws -> SendFigures {
        // Opened before the connection: a wrong file must not look like a lost daemon.
        if let trace {
            var source = try TraceSource(
                path: trace,
                account: try account.required(),
                model: model ?? "",
                clock: at,
                idPrefix: settings.producer,
                firstSequence: firstSequence
            )
            return try stream(&source, settings)
        }
        var source = try UsageLineSource(path: file ?? "-")
        return try stream(&source, settings)
    }

    private func stream(
        _ source: inout some EventSource & ~Copyable,
        _ settings: Sender.Settings
    ) throws -> SendFigures {
        var shown = 0
        let sender = try Sender(settings) { rejection in
            shown += 1
            if shown <= 5 {
                Console.endRedraw()
                Console.hint("rejected: \(rejection.code.name): \(rejection.message)")
            } else if shown == 6 {
                Console.hint("rejected: more; they are counted at the end")
            }
        }
        var redrawn: UInt64 = 0
        let figures = try sender.run(&source) { figures, part in
            guard !json, figures.nanoseconds - redrawn > 100_000_000 else { return }
            redrawn = figures.nanoseconds
            Console.redraw(ProgressBar.text(figures, part: part))
        }
        if !json { Console.endRedraw() }
        return figures
    }

    private func announcedProducer() -> String {
        if let producer { return producer }
        let name = IdempotencyOptions.newKey()
        Console.hint(
            "Producer: \(name). To repeat this send safely, give --producer \(name): "
                + "nothing is counted twice."
        )
        return name
    }
}

/// The final figures for programs.
private struct SendBody: Encodable {
    let producer: String
    let sent: UInt64
    let acked: UInt64
    let rejected: UInt64
    let alreadyThere: UInt64
    let reconnects: UInt64
    let nanoseconds: UInt64

    init(_ figures: SendFigures, producer: String) {
        self.producer = producer
        self.sent = figures.sent
        self.acked = figures.acked
        self.rejected = figures.rejected
        self.alreadyThere = figures.alreadyThere
        self.reconnects = figures.reconnects
        self.nanoseconds = figures.nanoseconds
    }
}
