@testable import Engine
import Foundation
import Glibc
import Testing

/// Goal: a connector's program is heard, or it is killed and nobody believes to know the outcome.
///
/// Method: small shell scripts, run as a daemon runs them.
@Suite struct CommandRunTests {
    init() {
        // As the daemon does at its start: a program need not read what it is told.
        signal(SIGPIPE, SIG_IGN)
    }

    private func run(
        _ script: String,
        seconds: Int = 10,
        input: String = "{}",
        stopping: Bool = false
    ) -> ConnectorAnswer {
        let run = CommandRun(
            arguments: ["/bin/sh", "-c", script],
            timeoutSeconds: seconds,
            isStopping: { stopping }
        )
        return run.answer(to: Array(input.utf8))
    }

    @Test func `what it says is what is heard`() {
        let paid = #"echo '{"status":"confirmed","payment":"pi_1"}'"#
        #expect(run(paid) == .confirmed(payment: "pi_1"))
        #expect(run(#"echo '{"status":"pending"}'"#) == .pending)
        #expect(
            run(#"echo '{"status":"failed","reason":"card declined"}'"#)
                == .failed(reason: "card declined")
        )
    }

    @Test func `it gets what is to be paid on its standard input`() {
        let script = #"read line; echo "{\"status\":\"failed\",\"reason\":\"$line\"}""#
        #expect(run(script, input: "acme/1\n") == .failed(reason: "acme/1"))
    }

    @Test func `its environment is clean and it has no open files of ours`() {
        setenv("METERD_SECRET", "x", 1)
        let script = """
            files=$(ls /proc/$$/fd | wc -l)
            echo "{\\"status\\":\\"failed\\",\\"reason\\":\\"$METERD_SECRET-$(pwd)-$PATH-$HOME\\"}"
            """
        #expect(run(script) == .failed(reason: "-/-/usr/bin:/bin-/"))
        let count = run(
            #"cd /proc/self/fd; for f in *; do n="$n$f "; done; "#
                + #"echo "{\"status\":\"failed\",\"reason\":\"$n\"}""#
        )
        guard case .failed(let files) = count else {
            Issue.record("\(count)")
            return
        }
        let numbers = files.split(separator: " ").compactMap { Int($0) }
        #expect(numbers.filter { $0 > 4 }.isEmpty, "\(files)")
    }

    static let unclear = [
        "exit 3", "true", "echo nonsense", "echo '[]'", #"echo '{"status":"maybe"}'"#,
        #"echo '{"status":"confirmed"}'"#, #"echo '{"status":"pending","more":1}'"#,
        #"echo '{"status":"confirmed","payment":"x"}'; exit 75"#, "kill -9 $$",
        "yes '{}'",
    ]

    @Test(arguments: unclear)
    func `what says nothing leaves the outcome open`(script: String) {
        guard case .unclear(let reason) = run(script) else {
            Issue.record("\(run(script))")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test func `a program that hangs is killed with all it has started`() throws {
        let mark = "/tmp/meterd-run-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        defer { unlink(mark) }
        let answer = run("(sleep 3; echo late > \(mark)) & sleep 30", seconds: 1)
        guard case .unclear(let reason) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(reason.contains("within 1 s"))
        sleep(4)
        #expect(access(mark, F_OK) != 0, "what it had started lives on")
    }

    @Test func `a program that cannot be started is said to be so, and a stop ends one`() {
        let run = CommandRun(
            arguments: ["/no/such/program"],
            timeoutSeconds: 1,
            isStopping: { false }
        )
        guard case .unclear(let reason) = run.answer(to: []) else {
            Issue.record("it started")
            return
        }
        #expect(reason.contains("/no/such/program does not start: No such file"))
        #expect(self.run("sleep 20", stopping: true) != .pending)
    }
}
