import DaemonHarness
import Glibc

/// Somebody who misbehaves on the data socket.
package protocol HostileClient: Sendable {
    /// Who it is, in a word or two.
    var name: String { get }
    /// Whether its harm is in lasting long.
    var isSlow: Bool { get }
    /// What it does, for the table.
    func deed(_ scale: Scale) -> String
    /// How many bytes it may make the daemon take, by the daemon's settings.
    func allowance(_ limits: Stage.Limits, _ scale: Scale) -> Int
    /// Misbehaves until the attack is over, and tells what the daemon answered.
    ///
    /// - Parameter attack: Where, and how much.
    /// - Returns: The daemon's answer, for the table.
    /// - Throws: `HarnessError` when the daemon does not answer as it must.
    func attack(_ attack: Attack) throws -> String
}

extension HostileClient {
    package var isSlow: Bool { false }
}

/// What an attacker is given.
package struct Attack: Sendable {
    /// The data socket.
    let path: String
    /// The control plane, to move the attacked organisation.
    let admin: Administrator
    let scale: Scale
    let limits: Stage.Limits
    /// A key of an organisation with little credit.
    let key: String
    /// A key of an organisation with much.
    let heavyKey: String
    let over: Stage.Flag

    /// Connects; more connections than the daemon accepts at once wait for their turn.
    func connect() throws -> LocalSocket { try LocalSocket(path: path) }

    /// A binary frame's header.
    static func header(type: UInt8, length: Int, count: UInt32 = 1) -> [UInt8] {
        var bytes: [UInt8] = [0xD7, 1, type, 0]
        for word in [UInt32(length), count, 0] {
            for shift in stride(from: 0, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(shift)))
            }
        }
        return bytes
    }

    /// Waits for the daemon's last words on a connection.
    static func lastWords(_ socket: LocalSocket) throws -> String {
        String(decoding: try socket.rest(within: 20), as: UTF8.self)
    }
}

/// One line of the table of hostile clients.
package struct HostileRow: Sendable {
    /// Who.
    package let client: String
    /// What it did.
    package let deed: String
    /// What the daemon answered.
    package let answer: String
    /// Resident memory in bytes: before, the most during, after, and the bound.
    package let memory: (before: Int, peak: Int, after: Int, bound: Int)
    /// The neighbour's authorisations before.
    package let alone: Latency
    /// The same during the attack.
    package let during: Latency
    /// What should not be.
    package var faults: [String] = []

    /// The columns of ``line``.
    package static let heading = """
        | client | what it did | the daemon | MiB before, most, after | bound | neighbour p50 / \
        p99 alone | during | p99 ratio |
        | --- | --- | --- | --- | ---: | ---: | ---: | ---: |
        """

    /// The row.
    package var line: String {
        func text(_ latency: Latency) -> String {
            "\(Int(latency.median)) / \(Int(latency.p99)) us"
        }
        let ratio = alone.p99 > 0 ? Int(during.p99 / alone.p99 * 10) : 0
        let fields = [
            client, deed, answer,
            "\(memory.before >> 20), \(memory.peak >> 20), \(memory.after >> 20)",
            "\(memory.bound >> 20)", text(alone), text(during), "\(ratio / 10).\(ratio % 10)",
        ]
        return "| \(fields.joined(separator: " | ")) |"
    }
}
