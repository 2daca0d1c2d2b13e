import DaemonHarness
import Glibc

/// Asks and reports without ever reading an answer.
package struct DeafCaller: HostileClient {
    package let name = "deaf caller"

    /// Makes it.
    package init() {}

    package func deed(_ scale: Scale) -> String {
        "\(scale.connections / 10) connections authorise at line rate and never read an answer"
    }

    package func allowance(_ limits: Stage.Limits, _ scale: Scale) -> Int {
        scale.connections / 10 * limits.perConnection
    }

    package func attack(_ attack: Attack) throws -> String {
        let line =
            #"{"type":"authorize","request":1,"key":"\#(attack.key)","#
            + #""model":"plain","ttl_ms":1000}"#
        let bytes = Array(String(repeating: line + "\n", count: 50).utf8)
        let closed = try attack.flood(bytes, greeting: [])
        if closed == 0 { throw HarnessError("nobody was cut off") }
        return "closes at send_buffer_bytes, \(closed) times"
    }
}

/// Subscribes, again and again, and never reads a push.
package struct DeafSubscriber: HostileClient {
    package let name = "deaf subscriber"

    /// Makes it.
    package init() {}

    package func deed(_ scale: Scale) -> String {
        "\(scale.connections / 10) subscribers that never read, and subscribe again, while a cap "
            + "cuts off and restores"
    }

    package func allowance(_ limits: Stage.Limits, _ scale: Scale) -> Int {
        scale.connections / 10 * limits.perConnection
    }

    package func attack(_ attack: Attack) throws -> String {
        let line = #"{"type":"subscribe","topics":["cutoffs"]}"# + "\n"
        let bytes = Array(String(repeating: line, count: 50).utf8)
        let closed = try attack.flood(bytes, greeting: Array(line.utf8)) {
            _ = try attack.admin.setCap("0.000001", a: "total", of: Stage.flooded)
            _ = try attack.admin.clearCap(a: "total", of: Stage.flooded)
        }
        if closed == 0 { throw HarnessError("nobody was cut off") }
        return "closes at send_buffer_bytes, \(closed) times"
    }
}

/// Reports usage at line rate and never reads an acknowledgement.
package struct DeafReporter: HostileClient {
    package let name = "deaf reporter"

    /// Makes it.
    package init() {}

    package func deed(_ scale: Scale) -> String {
        "reports usage on 2 connections at line rate and never reads an ack"
    }

    package func allowance(_ limits: Stage.Limits, _ scale: Scale) -> Int {
        2 * limits.perConnection + limits.batches + limits.unsynced
    }

    package func attack(_ attack: Attack) throws -> String {
        let sent = try attack.inParallel(2) { index in
            let socket = try attack.connect()
            socket.send(line: #"{"type":"hello","protocol":1,"producer":"deaf-\#(index)"}"#)
            var sequence = 0
            while !attack.over.isUp {
                var lines = ""
                for _ in 0..<200 {
                    sequence += 1
                    lines +=
                        #"{"type":"usage","sequence":\#(sequence),"id":"d-\#(sequence)","key":"#
                        + #""\#(attack.heavyKey)","model":"plain","input_tokens":1}"# + "\n"
                }
                socket.send(Array(lines.utf8))
                if socket.isBroken { throw HarnessError("a reporter was cut off") }
            }
            return sequence
        }
        return "takes all \(sent); one ack waits, as acks are cumulative"
    }
}

extension Attack {
    /// Sends the same on a tenth of the connections until the daemon closes them, and connects
    /// anew.
    ///
    /// - Parameters:
    ///   - bytes: What to send.
    ///   - greeting: What to send first on each connection.
    ///   - beside: What to do once a round.
    /// - Returns: How many connections the daemon closed.
    /// - Throws: When it cannot be reached.
    func flood(
        _ bytes: [UInt8],
        greeting: [UInt8],
        beside: () throws -> Void = {}
    ) throws -> Int {
        var closed = 0
        var sockets: [LocalSocket] = []
        // It takes what it takes until somebody is full; no clock decides that.
        let patience = HarnessClock.seconds + 30
        while !over.isUp || (closed == 0 && HarnessClock.seconds < patience) {
            while sockets.count < scale.connections / 10 {
                let socket = try connect()
                socket.send(greeting)
                sockets.append(socket)
            }
            for socket in sockets { socket.send(bytes, within: 0.02) }
            try beside()
            let before = sockets.count
            sockets.removeAll(where: \.isBroken)
            closed += before - sockets.count
        }
        return closed
    }
}
