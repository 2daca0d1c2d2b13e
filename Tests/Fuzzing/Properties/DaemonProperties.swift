import Quantities
import Wire

/// Goal: what a client hears from a daemon is refused or means one thing.
///
/// Properties: encoded again it is the same; cutting the stream into pieces changes nothing. A text
/// that was no UTF-8 is repaired, and then cut to what its field holds: only that stays the same.
enum DaemonProperties {
    static func check(
        _ stream: UnsafeRawBufferPointer,
        _ encoding: WireEncoding,
        piece: Int
    ) throws(BrokenPromise) {
        let whole = read(stream, encoding, piece: max(stream.count, 1))
        let pieces = read(stream, encoding, piece: piece)
        try promise(whole.messages == pieces.messages, "pieces of \(piece) bytes say other things")
        try promise(whole.fault == pieces.fault, "pieces of \(piece) bytes fail in another way")
        for message in whole.messages {
            let once = try again(message, encoding)
            let isRepaired = "\(message)".unicodeScalars.contains("\u{FFFD}")
            if !isRepaired { try promise(once == message, "\(message) became \(once)") }
            let twice = try again(once, encoding)
            try promise(twice == once, "\(once) became \(twice)")
        }
    }

    /// The message as it is read after it was encoded.
    private static func again(
        _ message: DaemonMessage,
        _ encoding: WireEncoding
    ) throws(BrokenPromise) -> DaemonMessage {
        var buffer = WireBuffer()
        DaemonEncoder(encoding).append(message, to: &buffer)
        let heard = buffer.copy.withUnsafeBytes { read($0, encoding, piece: $0.count) }
        guard heard.fault == nil, heard.messages.count == 1 else {
            throw BrokenPromise("\(message), encoded by us, is \(heard)")
        }
        return heard.messages[0]
    }

    private static func read(
        _ stream: UnsafeRawBufferPointer,
        _ encoding: WireEncoding,
        piece: Int
    ) -> (messages: [DaemonMessage], fault: ConnectionFault?) {
        var reader = DaemonReader(encoding)
        var messages: [DaemonMessage] = []
        var offset = 0
        while offset < stream.count {
            let part = UnsafeRawBufferPointer(
                rebasing: stream[offset..<min(offset + piece, stream.count)]
            )
            reader.receive { target in
                target.copyMemory(from: part)
                return part.count
            }
            offset += part.count
            do throws(ConnectionFault) {
                while let message = try reader.next() { messages.append(message) }
            } catch {
                return (messages, error)
            }
        }
        return (messages, nil)
    }
}
