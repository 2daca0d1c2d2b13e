import DaemonHarness
import Glibc

/// Gives names numbers without end, in binary, and uses ever new ones in JSON lines.
package struct NameInventor: HostileClient {
    package let name = "name inventor"

    /// Makes it.
    package init() {}

    private static let connections = 2

    package func deed(_ scale: Scale) -> String {
        "\(Self.connections) connections intern names without end, one of them in JSON lines"
    }

    package func allowance(_ limits: Stage.Limits, _ scale: Scale) -> Int {
        Self.connections * (limits.perConnection + limits.names)
    }

    package func attack(_ attack: Attack) throws -> String {
        let closed = try attack.inParallel(Self.connections) { index in
            index % 2 == 0 ? try frames(attack) : try lines(attack, index)
        }
        if closed == 0 { throw HarnessError("nobody who interned without end was cut off") }
        return "binary: cut off at 65,536 names, \(closed) times; JSON: forgets and goes on"
    }

    private func frames(_ attack: Attack) throws -> Int {
        var closed = 0
        // Until one is cut off, however long that takes.
        while !attack.over.isUp || closed == 0 {
            let socket = try attack.connect()
            var index: UInt32 = 0
            while !socket.isBroken, index < 1_000_000 {
                var bytes: [UInt8] = []
                for _ in 0..<100 {
                    let text = Array("model-\(index)-".utf8) + [UInt8](repeating: 0x78, count: 20)
                    let number = (0..<4).map { UInt8(truncatingIfNeeded: index >> (8 * $0)) }
                    bytes += Attack.header(type: 0x02, length: 8 + text.count)
                    bytes += [4, UInt8(text.count), 0, 0] + number + text
                    index += 1
                }
                socket.send(bytes)
            }
            guard socket.isBroken else {
                throw HarnessError("a million names were interned on one connection")
            }
            let words = try Attack.lastWords(socket)
            guard words.contains("the names of") || words.contains("there are at most") else {
                throw HarnessError("names without end are answered with \(words)")
            }
            closed += 1
        }
        return closed
    }

    private func lines(_ attack: Attack, _ thread: Int) throws -> Int {
        let socket = try attack.connect()
        var number = 0
        while !attack.over.isUp {
            var lines = ""
            for _ in 0..<50 {
                number += 1
                lines +=
                    #"{"type":"authorize","request":1,"org":"\#(Stage.neighbour)","model":"#
                    + #""invented-\#(thread)-\#(number)"}"# + "\n"
            }
            socket.send(Array(lines.utf8))
            for _ in 0..<50 {
                let answer = try socket.answer()
                guard answer["code"].text == "unknown_model" else {
                    throw HarnessError("an invented model is answered with \(answer)")
                }
            }
        }
        return 0
    }
}

/// Says hello under ever new producer names.
package struct HelloFlood: HostileClient {
    package let name = "hello flood"

    /// Makes it.
    package init() {}

    package func deed(_ scale: Scale) -> String {
        "connects, says hello as a producer nobody has heard of, closes; 2 threads"
    }

    package func allowance(_ limits: Stage.Limits, _ scale: Scale) -> Int {
        // All the producers there can be, by their names and counters.
        65_000 * 512
    }

    package func attack(_ attack: Attack) throws -> String {
        let run = UInt32.random(in: 0 ... .max)
        let welcomed = try attack.inParallel(2) { index in
            var count = 0
            while !attack.over.isUp {
                let socket = try attack.connect()
                let answer = try socket.ask(
                    #"{"type":"hello","protocol":1,"producer":"flood-\#(run)-\#(index)-\#(count)"}"#
                )
                guard answer["type"].text == "welcome" else {
                    throw HarnessError("producer \(count) is answered with \(answer)")
                }
                count += 1
            }
            return count
        }
        return "welcomes \(welcomed), forgets those that sent nothing"
    }
}
