import Quantities
import Wire

/// Goal: what a client hears from a daemon is refused or means one thing.
///
/// Properties: encoded again it is the same; cutting the stream into pieces changes nothing.
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
            var buffer = WireBuffer()
            DaemonEncoder(encoding).append(message, to: &buffer)
            let again = buffer.copy.withUnsafeBytes { read($0, encoding, piece: $0.count) }
            try promise(again.fault == nil, "\(message), encoded by us, is refused")
            try promise(again.messages == [message], "\(message) became \(again.messages)")
        }
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
