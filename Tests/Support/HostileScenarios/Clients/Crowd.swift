import DaemonHarness
import Glibc

/// As many connections as are allowed, all of them speaking, and some more.
package struct Crowd: HostileClient {
    package let name = "crowd"

    /// Makes it.
    package init() {}

    package func deed(_ scale: Scale) -> String {
        "\(scale.crowd) connections at once, 2,000 pings a second; then more than allowed"
    }

    package func allowance(_ limits: Stage.Limits, _ scale: Scale) -> Int {
        limits.connections * (32 << 10)
    }

    package func attack(_ attack: Attack) throws -> String {
        var sockets: [LocalSocket] = []
        for _ in 0..<attack.scale.crowd { sockets.append(try attack.connect()) }
        for socket in sockets { try ping(socket) }
        var (extra, refused) = (0, 0)
        for _ in 0..<60 {
            let socket = try attack.connect()
            let answer = try socket.ask(#"{"type":"ping"}"#)
            if answer["type"].text == "pong" {
                extra += 1
                sockets.append(socket)
                continue
            }
            guard answer["code"].text == "overloaded",
                answer["message"].text?.contains("max_connections") == true
            else { throw HarnessError("one connection too many is answered with \(answer)") }
            refused += 1
        }
        if refused == 0 { throw HarnessError("nobody was refused at \(sockets.count) connections") }
        while !attack.over.isUp {
            for (index, socket) in sockets.enumerated() where !attack.over.isUp {
                try ping(socket)
                if index % 10 == 0 { usleep(5000) }
            }
        }
        return "serves \(sockets.count); \(refused) more: `overloaded`, names max_connections"
    }

    private func ping(_ socket: LocalSocket) throws {
        let answer = try socket.ask(#"{"type":"ping"}"#)
        guard answer["type"].text == "pong" else { throw HarnessError("no pong: \(answer)") }
    }
}

/// Connects and goes away again, sometimes in the middle of a word.
package struct Churn: HostileClient {
    package let name = "churn"

    /// Makes it.
    package init() {}

    package func deed(_ scale: Scale) -> String { "connects and closes, 2 threads, no pause" }

    package func allowance(_ limits: Stage.Limits, _ scale: Scale) -> Int {
        // As many as wait in the kernel to be accepted at a time.
        limits.connections * (32 << 10)
    }

    package func attack(_ attack: Attack) throws -> String {
        let count = try attack.inParallel(2) { _ in
            var count = 0
            while !attack.over.isUp {
                let socket = try attack.connect()
                if count % 3 == 0 { socket.send(Array(#"{"type":"hel"#.utf8)) }
                count += 1
            }
            return count
        }
        return "accepted and forgotten, \(count) times"
    }
}

/// Nobody hostile at all: threads that burn the processors' time.
///
/// Why: it shows what attackers on the same machine cost the neighbours even where the daemon has
/// nothing to do with it; the other rows are to be compared with it.
package struct Burner: HostileClient {
    package let name = "(no client)"

    /// Makes it.
    package init() {}

    package func deed(_ scale: Scale) -> String {
        "2 threads that only burn processor time, for comparison"
    }

    package func allowance(_ limits: Stage.Limits, _ scale: Scale) -> Int { 0 }

    package func attack(_ attack: Attack) throws -> String {
        _ = try attack.inParallel(2) { _ in
            var count = 0
            while !attack.over.isUp { count &+= 1 }
            return count & 1
        }
        return "-"
    }
}
