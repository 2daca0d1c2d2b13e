import ArgumentParser
import ControlPlane
import Foundation

/// Where the control plane is, and how to print what it answers.
struct ControlOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "meterd's control socket.",
            discussion: "Otherwise METERD_CONTROL_SOCKET, otherwise /run/meterd/control.sock.",
            valueName: "path"
        )
    )
    var socket: String?

    @Flag(help: "Print JSON instead of text.")
    var json = false

    var socketPath: String {
        socket ?? Settled.environment("METERD_CONTROL_SOCKET") ?? "/run/meterd/control.sock"
    }

    /// A client of the control plane.
    func client(timeoutSeconds: Int = 30) -> ControlClient {
        ControlClient(socketPath: socketPath, timeoutSeconds: timeoutSeconds)
    }

    /// Asks, and reads the answer.
    func ask<Body: Decodable>(
        _ type: Body.Type,
        _ request: ControlRequest,
        timeoutSeconds: Int = 30
    ) async throws -> Reply<Body> {
        let answer = try await Control.ask(request, of: client(timeoutSeconds: timeoutSeconds))
        return Reply(body: try Control.read(type, from: answer), answer: answer)
    }

    /// Asks, and prints the answer: as it came, or as text.
    func show<Body: Decodable>(
        _ type: Body.Type,
        _ request: ControlRequest,
        as text: (Body) -> String
    ) async throws {
        let reply = try await ask(type, request)
        Console.current.write(json ? reply.answer.text : text(reply.body))
    }
}

/// An answer, read and as it came.
struct Reply<Body> {
    let body: Body
    let answer: ControlAnswer
}

/// Where the data socket is.
struct DataOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "meterd's data socket.",
            discussion: "Otherwise METERD_DATA_SOCKET, otherwise /run/meterd/meterd.sock.",
            valueName: "path"
        )
    )
    var dataSocket: String?

    var path: String {
        dataSocket ?? Settled.environment("METERD_DATA_SOCKET") ?? "/run/meterd/meterd.sock"
    }
}

/// What is settled outside of the command line.
enum Settled {
    /// An environment variable, unless it is empty.
    static func environment(_ name: String) -> String? {
        guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
            return nil
        }
        return value
    }
}

/// Speaks to the control plane, and turns what goes wrong into a failure with an exit code.
enum Control {
    /// The answer to a request that was carried out.
    static func ask(
        _ request: ControlRequest,
        of client: ControlClient
    ) async throws -> ControlAnswer {
        let answer: ControlAnswer
        do throws(ControlClientError) {
            answer = try await client.send(request)
        } catch {
            throw Failure(error)
        }
        guard answer.isSuccess else { throw failure(answer) }
        return answer
    }

    /// Reads an answer; one that cannot be read is a bug or a meterd of another version.
    static func read<Body: Decodable>(_ type: Body.Type, from answer: ControlAnswer) throws -> Body
    {
        do {
            return try answer.read(type)
        } catch {
            throw Failure(
                .bug,
                "meterd's answer cannot be read (\(error)). Are meterctl and meterd of one version?"
            )
        }
    }

    static func failure(_ answer: ControlAnswer) -> Failure {
        do {
            let problem = try answer.read(ProblemBody.self)
            return Failure(problem.error, httpStatus: answer.status)
        } catch {
            return Failure(.bug, "meterd answered with HTTP status \(answer.status) and no reason.")
        }
    }
}
