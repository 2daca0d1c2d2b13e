import ArgumentParser
import Quantities

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Shows in twenty seconds what meterd does, on a running daemon.",
        discussion: """
            Opens an organisation with a small balance, streams requests until the wallet is cut
            off, tops it up, goes on, and holds every number against every other. It exits with 1
            when anything does not match. The daemon needs a rate card with the model.

            Examples:
              meterctl demo
              meterctl demo --credits 3 --model claude-sonnet
            """
    )

    @Option(help: ArgumentHelp("What the wallet begins with.", valueName: "credits"))
    var credits = Amount(credits: 12)

    @Option(help: ArgumentHelp("What the top-up brings.", valueName: "credits"))
    var topUp = Amount(credits: 5)

    @Option(help: ArgumentHelp("The model that is asked.", valueName: "name"))
    var model = "claude-sonnet"

    @OptionGroup var control: ControlOptions
    @OptionGroup var data: DataOptions

    func validate() throws {
        guard credits.isPositive, topUp.isPositive else {
            throw ValidationError("--credits and --top-up are above zero.")
        }
    }

    func run() async throws {
        let plan = DemoStory.Plan(
            organisation: "demo-" + DemoCommand.suffix(),
            model: model,
            credits: credits,
            topUp: topUp,
            dataPath: data.path
        )
        let story = DemoStory(plan: plan, client: control.client(timeoutSeconds: 60))
        let outcome: DemoOutcome
        if control.json {
            let silent = Console.current.silent
            outcome = try await Console.$current.withValue(silent) { try await story.play() }
            Console.line(try JSONText.text(outcome))
        } else {
            outcome = try await story.play()
        }
        guard outcome.mismatches.isEmpty else {
            throw Failure(.negative, outcome.mismatches.joined(separator: " "))
        }
    }

    /// Six characters that no other demonstration is likely to have.
    private static func suffix() -> String {
        String(UInt32.random(in: 60_466_176...2_176_782_335), radix: 36)
    }
}

extension Console {
    /// The same console without what was asked for: for a verb that prints JSON at its end.
    var silent: Console {
        Console(write: { _ in }, writeError: writeError, isTerminal: false)
    }
}
