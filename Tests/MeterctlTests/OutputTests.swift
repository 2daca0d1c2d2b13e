@testable import ControlFixture
import ControlPlane
import Glibc
@testable import meterctl
import Testing

/// Goal: what could not be written is never taken for written.
@Suite struct OutputTests {
    @Test func `a full disk is remembered in the system's words`() {
        let number = open("/dev/full", O_WRONLY)
        defer { #expect(close(number) == 0) }
        let output = Console.Descriptor(number)
        #expect(output.trouble == nil)
        output.put("line\n")
        #expect(output.trouble == .failed("No space left on device"))
    }

    @Test func `a reader that has gone is no error`() {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        close(ends[0])
        let before = signal(SIGPIPE, SIG_IGN)
        defer { signal(SIGPIPE, before) }
        let output = Console.Descriptor(ends[1])
        output.put("line\n")
        #expect(output.trouble == .unread)
        #expect(output.close() == .unread)
    }

    @Test(arguments: ["export acme", "transactions acme", "status"])
    func `output that cannot be written ends with 74`(line: String) async throws {
        try await ServerFixture.with { client, _, _ in
            _ = try await client.call("POST /v1/organisations", #"{"name":"acme"}"#)
            let full = Console(
                write: { _ in },
                writeError: { _ in },
                isTerminal: false,
                trouble: { .failed("No space left on device") }
            )
            let arguments = line.split(separator: " ").map { String($0) }
            let code = await Console.$current.withValue(full) {
                await Meterctl.run(arguments + ["--socket", client.socketPath])
            }
            #expect(code == 74)
        }
    }

    @Test func `an export to where nothing can be written ends with 74`() async throws {
        try await ServerFixture.with { client, _, _ in
            _ = try await client.call("POST /v1/organisations", #"{"name":"acme"}"#)
            let result = await Terminal.run(
                "export acme --output /nonexistent/ledger.csv",
                socket: client.socketPath
            )
            #expect(result.code == 74)
            #expect(result.error.contains("No such file or directory"), "\(result.error)")
        }
    }
}
