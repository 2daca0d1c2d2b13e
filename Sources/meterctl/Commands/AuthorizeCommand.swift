import ArgumentParser
import MeterClient
import Quantities
import Wire

struct AuthorizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "authorize",
        abstract: "Asks once whether a request may run; exits with 1 when it is refused.",
        discussion: """
            A refusal prints the body that a gateway gives to its own client. A grant holds credits
            until it is settled, released or lapses; --release gives them back at once.

            Examples:
              meterctl authorize --org acme --model claude-sonnet --max-output-tokens 4096 --release
              METERD_KEY=mk_... meterctl authorize --model claude-sonnet
            """
    )

    @OptionGroup var account: AccountOptions

    @Option(help: ArgumentHelp("The model that is asked.", valueName: "name"))
    var model: String

    @Option(help: ArgumentHelp("The project within the organisation.", valueName: "name"))
    var project: String?

    @Option(help: ArgumentHelp("The most input tokens it can use.", valueName: "number"))
    var maxInputTokens: UInt32?

    @Option(help: ArgumentHelp("The most output tokens it can use.", valueName: "number"))
    var maxOutputTokens: UInt32?

    @Option(help: ArgumentHelp("How long the hold lives, in milliseconds.", valueName: "number"))
    var ttlMs: UInt32?

    @Flag(help: "Give the hold back at once.")
    var release = false

    @Flag(help: "Print JSON instead of text.")
    var json = false

    @OptionGroup var data: DataOptions

    func validate() throws {
        _ = try account.required()
    }

    func run() async throws {
        var call = AuthorizeCall(account: try account.required(), model: model)
        call.project = project
        call.maxInputTokens = maxInputTokens
        call.maxOutputTokens = maxOutputTokens
        call.ttlMilliseconds = ttlMs
        let path = data.path
        let isReleased = release
        let outcome = try await Blocking.run { [call] in
            try Asking.outcome(of: call, path: path, release: isReleased)
        }
        switch outcome {
        case .granted(let granted):
            Console.current.write(
                json ? try JSONText.text(GrantedBody(granted)) + "\n" : AuthorizeText.text(granted)
            )
        case .refused(let refused):
            Console.line(refused.body.text)
            throw Failure(.negative, "Refused with HTTP status \(refused.status).")
        }
    }
}

/// One question on the data socket.
enum Asking {
    static func outcome(
        of call: AuthorizeCall,
        path: String,
        release: Bool
    ) throws -> AuthorizeOutcome {
        do throws(MeterClientError) {
            let connection = try MeterConnection(path: path)
            _ = try connection.append(call)
            let outcome = try answer(connection)
            if release, case .granted(let granted) = outcome {
                connection.append(.release(ReleaseRequest(hold: granted.hold)))
                while let message = try connection.receive(timeout: .seconds(5)) {
                    if case .released = message { return outcome }
                    if case .rejected(let rejection) = message { throw .rejected(rejection) }
                }
                throw .timedOut
            }
            return outcome
        } catch {
            throw Failure(error, path: path)
        }
    }

    /// Waits for the answer to the only question on a connection.
    static func answer(_ connection: MeterConnection) throws(MeterClientError) -> AuthorizeOutcome {
        while let message = try connection.receive(timeout: .seconds(5)) {
            switch message {
            case .granted(let granted): return .granted(granted)
            case .refused(let refused): return .refused(refused)
            case .rejected(let rejection): throw .rejected(rejection)
            case .welcome, .ack, .released, .subscribed, .cutoff, .restored, .order, .pong, .error:
                continue
            }
        }
        throw .timedOut
    }
}

/// A grant of a request for people.
enum AuthorizeText {
    static func text(_ granted: Granted) -> String {
        var list = TextList()
        list.add("granted", granted.isFinal ? "yes, for the last time" : "yes")
        list.add("hold", "\(granted.hold)")
        list.add("amount", "\(granted.amount) credits")
        list.add("output tokens", Figures.count(granted.outputTokens))
        list.add("valid", "\(Figures.count(granted.validMilliseconds)) ms")
        return list.text
    }
}

/// A grant of a request for programs: the protocol's own fields.
private struct GrantedBody: Encodable {
    let type = "granted"
    let hold: String
    let amount: String
    let validMs: UInt32
    let final: Bool
    let outputTokens: UInt32

    init(_ granted: Granted) {
        self.hold = granted.hold.description
        self.amount = granted.amount.description
        self.validMs = granted.validMilliseconds
        self.final = granted.isFinal
        self.outputTokens = granted.outputTokens
    }
}
