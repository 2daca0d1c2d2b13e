/// The baseline of every round trip: a thread that answers as many bytes, and does nothing else.
enum Echo {
    /// How long the messages are.
    struct Sizes: Sendable {
        var request = 0
        var answer = 0
        /// What is sent between two measured exchanges, as in the row; 0 for nothing.
        var release = 0
        var released = 0
    }

    /// Plays the same exchange; only the first half of it is timed.
    static func measure(_ calls: Int, sizes: Sizes) throws -> Latencies {
        let (client, server) = try Socket.pair()
        let answering = Worker {
            let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
            defer { bytes.deallocate() }
            bytes.initializeMemory(as: UInt8.self, repeating: 0)
            while try server.receiveAll(.init(rebasing: bytes[..<sizes.request])) {
                try server.sendAll(.init(rebasing: bytes[..<sizes.answer]))
                if sizes.release == 0 { continue }
                guard try server.receiveAll(.init(rebasing: bytes[..<sizes.release])) else {
                    return
                }
                try server.sendAll(.init(rebasing: bytes[..<sizes.released]))
            }
        }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { bytes.deallocate() }
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        var times: [Double] = []
        times.reserveCapacity(calls)
        for _ in 0..<calls {
            let start = Clock.nanoseconds
            try client.sendAll(.init(rebasing: bytes[..<sizes.request]))
            _ = try client.receiveAll(.init(rebasing: bytes[..<sizes.answer]))
            times.append(Double(Clock.nanoseconds - start) / 1000)
            if sizes.release == 0 { continue }
            try client.sendAll(.init(rebasing: bytes[..<sizes.release]))
            _ = try client.receiveAll(.init(rebasing: bytes[..<sizes.released]))
        }
        client.endSending()
        try answering.join()
        return Latencies(times)
    }
}

/// The times of one round, in microseconds: all of them, so that quantiles are exact.
struct Latencies: Sendable {
    private let sorted: [Double]

    init(_ times: [Double]) {
        sorted = times.sorted()
    }

    /// The time within which this part of the calls was done.
    subscript(fraction: Double) -> Double { Rounds.quantile(sorted, fraction) }

    var text: String {
        let unit = Unit.microseconds
        return "p50 \(unit.text(self[0.5])), p99 \(unit.text(self[0.99])), "
            + "p99.9 \(unit.text(self[0.999]))"
    }
}
