import DaemonHarness
import Foundation
import Glibc
import Testing

/// What an acknowledgement means, and who may ask for one.
@Suite struct DurabilityTests {
    @Test func `with durability stored, an ack comes when the lines are in PostgreSQL`() throws {
        let daemon = try TestDaemon.started(settings: ["postgres.linger_ms": "100"], balance: "10")
        let stored = try LineClient(daemon)
        try stored.hello("careful", durability: "stored")
        let quick = try LineClient(daemon)
        try quick.hello("quick")
        var sequence = 0
        for burst in [1, 10, 100, 3] {
            for _ in 0..<burst {
                sequence += 1
                stored.send(Usage(id: "s-\(sequence)", input: 1, sequence: sequence).line)
                quick.send(Usage(id: "q-\(sequence)", input: 1, sequence: sequence).line)
            }
            var safe = 0
            while safe < sequence {
                safe = try stored.next("ack")["sequence"].int ?? 0
                let lines = try daemon.database.count(
                    """
                    SELECT count(*) FROM usage_lines
                    WHERE request_id LIKE 's-%' AND sequence <= \(safe)
                    """
                )
                #expect(lines == safe)
            }
            try quick.waitForAck(sequence)
        }
        try daemon.expectGreenAudit()
    }

    @Test func `with durability stored, a welcome tells what is in PostgreSQL`() throws {
        let daemon = try TestDaemon.started(settings: ["postgres.linger_ms": "1000"], balance: "10")
        let first = try LineClient(daemon)
        try first.hello("careful", durability: "stored")
        for sequence in 1...50 {
            first.send(Usage(id: "s-\(sequence)", input: 1, sequence: sequence).line)
        }
        first.socket.finishSending()
        _ = try first.socket.rest()
        var last = 0
        // The name is free once the daemon has noticed that the first connection has gone.
        try wait(until: "the producer's name is free", within: 5) {
            guard let found = try? LineClient(daemon).hello("careful", durability: "stored") else {
                return false
            }
            last = found
            return true
        }
        let lines = try daemon.database.count("SELECT count(*) FROM usage_lines")
        #expect(lines >= last, "the welcome says \(last)")
        #expect(try daemon.storedLines() == 50)
    }

    @Test func `one connection more than allowed is told overloaded, and the others go on`() throws
    {
        let daemon = try TestDaemon.started(
            settings: ["data_socket.max_connections": "2", "engine.ingest_loops": "1"]
        )
        var first: LineClient? = try LineClient(daemon)
        try wait(until: "the place of an earlier connection is free") {
            first = try LineClient(daemon)
            return (try? first?.ping()) != nil
        }
        let second = try LineClient(daemon)
        try second.ping()
        let third = try LocalSocket(path: daemon.dataPath)
        third.send(line: #"{"type":"ping"}"#)
        let answer = String(decoding: try third.rest(), as: UTF8.self)
        #expect(answer.contains("overloaded"), "\(answer)")
        try first?.ping()
        try second.ping()
    }

    /// Speaks to a socket as another user, and gives what was answered.
    private func ask(as user: Int, _ daemon: TestDaemon) throws -> String {
        let script = """
            use Socket; $SIG{PIPE} = "IGNORE"; socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die;
            connect($s, pack_sockaddr_un($ARGV[0])) or die "connect: $!";
            syswrite($s, qq({"type":"ping"}\\n)); sysread($s, my $answer, 4096); print $answer;
            """
        let log = "\(daemon.folder.path)/answer-\(user)"
        let id = String(user)
        let child = try ChildProcess(
            [
                "/usr/bin/setpriv", "--reuid", id, "--regid", id, "--clear-groups",
                "/usr/bin/perl", "-e", script, daemon.dataPath,
            ],
            environment: ["PATH": "/usr/bin:/bin"],
            log: log
        )
        _ = try child.waitForEnd(within: 8)
        return try String(contentsOfFile: log, encoding: .utf8)
    }

    @Test(
        .enabled(
            if: geteuid() == 0 && access("/usr/bin/setpriv", X_OK) == 0
                && access("/usr/bin/perl", X_OK) == 0,
            "SKIPPED: only root can be somebody else, with setpriv and perl"
        )
    )
    func `a user who is not configured is not_allowed, and hears why`() throws {
        let daemon = try TestDaemon(
            rates: Rates.card(),
            settings: ["data_socket.mode": "0666", "data_socket.allow_users": "61001"]
        )
        chmod(daemon.folder.path, 0o711)
        try daemon.start()
        let refused = try ask(as: 61_002, daemon)
        #expect(refused.contains("not_allowed"), "\(refused)")
        #expect(refused.contains("61002"), "\(refused)")
        #expect(try ask(as: 61_001, daemon) == "{\"type\":\"pong\"}\n")
        try LineClient(daemon).ping()
    }
}
