import DaemonHarness
import Glibc

/// Promises a long frame on many connections, and never sends it.
package struct Promiser: HostileClient {
    package let name = "promiser"
    package let isSlow = true

    /// Makes it.
    package init() {}

    package func deed(_ scale: Scale) -> String {
        "\(scale.connections) frame headers that promise the longest frame, and nothing behind, "
            + "for \(Int(scale.lorisSeconds)) s"
    }

    package func allowance(_ limits: Stage.Limits, _ scale: Scale) -> Int {
        // What is only promised costs nothing.
        scale.connections * (16 << 10)
    }

    package func attack(_ attack: Attack) throws -> String {
        let header = Attack.header(type: 0x03, length: attack.limits.frame, count: 1000)
        let sockets = try (0..<attack.scale.connections).map { _ in try attack.connect() }
        for socket in sockets { socket.send(header) }
        while !attack.over.isUp { usleep(10_000) }
        return "waits; keeps what was sent, not what was promised"
    }
}

/// Sends messages a byte every so often, and never ends one.
package struct SlowLoris: HostileClient {
    package let name = "slow loris"
    package let isSlow = true

    /// Makes it.
    package init() {}

    package func deed(_ scale: Scale) -> String {
        "\(scale.connections) half-open messages, a byte each 50 ms, for "
            + "\(Int(scale.lorisSeconds)) s"
    }

    package func allowance(_ limits: Stage.Limits, _ scale: Scale) -> Int {
        scale.connections * (16 << 10)
    }

    package func attack(_ attack: Attack) throws -> String {
        let sockets = try (0..<attack.scale.connections).map { _ in try attack.connect() }
        for (index, socket) in sockets.enumerated() {
            let lines = Array(#"{"type":"ping","x":""#.utf8)
            let frame = Attack.header(type: 0x03, length: attack.limits.frame)
            socket.send(index % 2 == 0 ? lines : frame)
        }
        while !attack.over.isUp {
            for socket in sockets { socket.send([0x61]) }
            usleep(50_000)
        }
        guard sockets.allSatisfy({ !$0.isBroken }) else {
            throw HarnessError("a message that was not yet wrong was cut off")
        }
        return "waits; nobody is cut off"
    }
}

/// Sends long frames but for their last bytes, and those one by one.
package struct Hoarder: HostileClient {
    package let name = "hoarder"

    /// Makes it.
    package init() {}

    package func deed(_ scale: Scale) -> String {
        "\(scale.connections / 4) longest frames but for their end, which comes byte by byte"
    }

    package func allowance(_ limits: Stage.Limits, _ scale: Scale) -> Int {
        scale.connections / 4 * limits.perConnection
    }

    package func attack(_ attack: Attack) throws -> String {
        let length = attack.limits.frame
        let start =
            Attack.header(type: 0x03, length: length, count: 1000)
            + [UInt8](repeating: 0, count: length - 60_000)
        let sockets = try (0..<attack.scale.connections / 4).map { _ in try attack.connect() }
        for socket in sockets where socket.send(start) != start.count {
            throw HarnessError("a frame within the limit was not read")
        }
        var bytes = 0
        while !attack.over.isUp {
            for socket in sockets { bytes += socket.send([0]) }
            usleep(1000)
        }
        return "keeps them, \(bytes) single bytes read"
    }
}
