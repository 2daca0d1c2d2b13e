import DaemonHarness
import MeterClient
import Quantities
import Testing
import Wire

/// Faults of a connection: meterd says what is wrong and closes it, and nobody else hears of it.
@Suite struct BadInputTests {
    /// A binary frame's header.
    private func header(
        version: UInt8 = 1,
        type: UInt8,
        length: UInt32,
        count: UInt32 = 1
    ) -> [UInt8] {
        var bytes: [UInt8] = [0xD7, version, type, 0]
        for word in [length, count, 0] {
            for shift in stride(from: 0, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(shift)))
            }
        }
        return bytes
    }

    /// Sends bytes, waits for the end of the connection, and gives the fault that was answered.
    private func fault(
        _ bytes: [UInt8],
        to daemon: TestDaemon,
        encoding: WireEncoding
    ) throws -> ConnectionFault? {
        let socket = try LocalSocket(path: daemon.dataPath)
        socket.send(bytes)
        let answer = try socket.rest()
        var reader = DaemonReader(encoding)
        reader.receive { target in
            target.copyBytes(from: answer)
            return min(answer.count, target.count)
        }
        var last: ConnectionFault?
        while let message = try reader.next() {
            if case .error(let fault) = message { last = fault }
        }
        return last
    }

    @Test func `a truncated frame is not taken when its sender goes away`() throws {
        let scene = try NeighbourScene()
        let socket = try LocalSocket(path: scene.daemon.dataPath)
        socket.send(header(type: 0x03, length: 800, count: 10) + Array(repeating: 1, count: 100))
        socket.finishSending()
        #expect(try socket.rest().isEmpty)
        let line = try LocalSocket(path: scene.daemon.dataPath)
        line.send(Array(Usage(id: "cut", input: 1).line.utf8.dropLast(3)))
        line.finishSending()
        #expect(try line.rest().isEmpty)
        try scene.expectUndisturbed()
    }

    @Test func `a frame longer than allowed is too_large`() throws {
        let scene = try NeighbourScene()
        let bytes = header(type: 0x03, length: 2 << 20)
        let found = try fault(bytes, to: scene.daemon, encoding: .binary)
        #expect(found?.code == .tooLarge)
        #expect(found?.message.contains("\(2 << 20)") == true, "\(String(describing: found))")
        try scene.expectUndisturbed()
    }

    @Test func `a line of 10 MB is too_large and never held in memory`() throws {
        let scene = try NeighbourScene()
        let socket = try LocalSocket(path: scene.daemon.dataPath)
        let long = Array(#"{"type":"ping","x":""#.utf8) + Array(repeating: 0x61, count: 10 << 20)
        let sent = socket.send(long)
        #expect(sent < long.count, "the daemon must stop reading")
        let answer = String(decoding: try socket.rest(), as: UTF8.self)
        #expect(answer.contains(#""code":"too_large""#), "\(answer)")
        try scene.expectUndisturbed()
    }

    @Test func `another version of the protocol is unsupported_version`() throws {
        let scene = try NeighbourScene()
        let frame = header(version: 9, type: 0x0A, length: 0)
        let found = try fault(frame, to: scene.daemon, encoding: .binary)
        #expect(found?.code == .unsupportedVersion)
        #expect(found?.message.contains("9") == true)
        let hello = Array(#"{"type":"hello","protocol":2,"producer":"p"}"#.utf8) + [0x0A]
        let line = try fault(hello, to: scene.daemon, encoding: .jsonLines)
        #expect(line?.code == .unsupportedVersion)
        #expect(line?.message.contains("2") == true)
        try scene.expectUndisturbed()
    }

    @Test func `a message of an unknown type is unknown_type`() throws {
        let scene = try NeighbourScene()
        let found = try fault(
            header(type: 0x7F, length: 0),
            to: scene.daemon,
            encoding: .binary
        )
        #expect(found?.code == .unknownType)
        let line = try fault(
            Array(#"{"type":"bogus"}"#.utf8) + [0x0A],
            to: scene.daemon,
            encoding: .jsonLines
        )
        #expect(line?.code == .unknownType)
        #expect(line?.message.contains("bogus") == true)
        try scene.expectUndisturbed()
    }

    @Test func `garbage is malformed`() throws {
        let scene = try NeighbourScene()
        let garbage: [[UInt8]] = [
            [0x00], [0x16, 0x03, 0x01, 0x02, 0x00], Array("GET / HTTP/1.1\r\n\r\n".utf8),
            Array(repeating: 0xFF, count: 4096), header(type: 0x0A, length: 1) + [0x01],
        ]
        for bytes in garbage {
            let padded = bytes + Array(repeating: 0x20, count: 16)
            let found = try fault(padded, to: scene.daemon, encoding: .binary)
            #expect(found?.code == .malformed, "\(bytes.prefix(8))")
        }
        try scene.expectUndisturbed()
    }

    @Test func `a line that is no JSON object is malformed`() throws {
        let scene = try NeighbourScene()
        let nested = String(repeating: "[", count: 50)
        for line in [
            #"{"type":"ping""#, "{]", #"{"typ":"ping"}"#, #"{"type":5}"#, "{} {}",
            #"{"x":\#(nested)"#,
        ] {
            let bytes = Array(line.utf8) + [0x0A]
            let found = try fault(bytes, to: scene.daemon, encoding: .jsonLines)
            #expect(found?.code == .malformed, "\(line)")
        }
        try scene.expectUndisturbed()
    }

    @Test func `usage with a sequence before hello is not_allowed`() throws {
        let scene = try NeighbourScene()
        let line = Array(Usage(id: "early", input: 1, sequence: 1).line.utf8) + [0x0A]
        let found = try fault(line, to: scene.daemon, encoding: .jsonLines)
        #expect(found?.code == .notAllowed)
        try scene.expectUndisturbed()
    }

    @Test func `a second connection of a producer is producer_in_use, and the first goes on`()
        throws
    {
        let scene = try NeighbourScene()
        let hello = #"{"type":"hello","protocol":1,"producer":"neighbour"}"#
        let found = try fault(Array(hello.utf8) + [0x0A], to: scene.daemon, encoding: .jsonLines)
        #expect(found?.code == .producerInUse)
        #expect(found?.message.contains("neighbour") == true)
        try scene.expectUndisturbed()
    }
}
