import DaemonHarness
import Glibc
import Quantities

/// Asks for holds under one key, as fast as it can.
package struct KeyFlood: HostileClient {
    package let name = "key flood"

    /// Makes it.
    package init() {}

    package func deed(_ scale: Scale) -> String {
        "4 connections authorise under one key at line rate, and keep every hold"
    }

    package func allowance(_ limits: Stage.Limits, _ scale: Scale) -> Int {
        4 * limits.perConnection
    }

    package func attack(_ attack: Attack) throws -> String {
        let line =
            #"{"type":"authorize","request":1,"key":"\#(attack.key)","model":"plain","#
            + #""max_input_tokens":1000,"max_output_tokens":500}"# + "\n"
        let bytes = Array(String(repeating: line, count: 100).utf8)
        let answers = try attack.inParallel(4) { _ in
            let socket = try attack.connect()
            var count = 0
            while !attack.over.isUp {
                socket.send(bytes)
                for _ in 0..<100 {
                    guard let answer = socket.line() else { throw HarnessError("no answer") }
                    guard answer.contains("granted") || answer.contains("insufficient_credits")
                    else { throw HarnessError("an authorisation is answered with \(answer)") }
                    count += 1
                }
            }
            return count
        }
        let wallet = try attack.admin.organisation(Stage.flooded)["wallet"]
        guard let available = wallet["available"].amount, available >= .zero else {
            throw HarnessError("more is held than there is: \(wallet)")
        }
        return "\(answers) answers: granted while there is credit, then 402"
    }
}

/// Sends what is no message, at line rate.
package struct Garbage: HostileClient {
    package let name = "garbage"

    /// Makes it.
    package init() {}

    package func deed(_ scale: Scale) -> String {
        "random bytes at line rate, 2 threads, some behind a good header or a '{'"
    }

    package func allowance(_ limits: Stage.Limits, _ scale: Scale) -> Int {
        limits.connections * (32 << 10)
    }

    package func attack(_ attack: Attack) throws -> String {
        let closed = try attack.inParallel(2) { index in
            var random = SystemRandomNumberGenerator()
            let noise = (0..<65_536).map { _ in UInt8.random(in: 0...255, using: &random) }
            var count = 0
            while !attack.over.isUp {
                let socket = try attack.connect()
                let start: [UInt8] =
                    switch count % 3 {
                    case 0: []
                    case 1: Attack.header(type: UInt8(1 + count % 12), length: 4096)
                    default: [0x7B]
                    }
                socket.send(start + noise.shuffledFrom(count))
                let words = try Attack.lastWords(socket)
                guard
                    words.contains("\"code\"") || words.utf8.first == 0xD7 || words.utf8.count > 16
                else { throw HarnessError("garbage was not answered: \(words)") }
                count += 1
            }
            return count
        }
        return "`malformed`, closes, \(closed) times"
    }
}

extension Array {
    /// The same elements, from some place on and around.
    fileprivate func shuffledFrom(_ start: Int) -> [Element] {
        let cut = start * 977 % Swift.max(count, 1)
        return Array(self[cut...] + self[..<cut])
    }
}
