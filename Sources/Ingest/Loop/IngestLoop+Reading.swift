import Quantities
import Rings
import Wire

extension IngestLoop {
    /// Reads once and deals with everything that is whole.
    func read(_ connection: Connection) {
        guard !connection.stalled, !connection.paused, !connection.closing else {
            discard(connection)
            return
        }
        let kept = connection.leftover.count
        // In pieces that are small beside what is kept already.
        if connection.wanted > kept, connection.lastRead < kept / 4 { return gather(connection) }
        copyLeftover(connection)
        let room = min(buffer.count - kept, settings.readBufferBytes)
        guard room > 0 else { return }
        let space = UnsafeMutableRawBufferPointer(rebasing: buffer[kept..<kept + room])
        switch transport.receive(connection.fd, into: space) {
        case .bytes(let count):
            connection.lastRead = count
            parse(connection, count: kept + count)
        case .nothing: break
        case .end: end(connection)
        case .broken: close(connection)
        }
    }

    /// Adds to a message that is not whole yet, without touching what was kept of it before.
    ///
    /// Why: of a client that sends a long message byte by byte all would be copied each time. Who
    /// sends much at a time is read into place instead.
    private func gather(_ connection: Connection) {
        let kept = connection.leftover.count
        let room = min(buffer.count - kept, settings.readBufferBytes)
        guard room > 0 else { return }
        let space = UnsafeMutableRawBufferPointer(rebasing: buffer[..<room])
        switch transport.receive(connection.fd, into: space) {
        case .bytes(let count):
            gather(UnsafeRawBufferPointer(rebasing: space[..<count]), connection)
        case .nothing: break
        case .end: end(connection)
        case .broken: close(connection)
        }
    }

    private func gather(_ bytes: UnsafeRawBufferPointer, _ connection: Connection) {
        connection.lastRead = bytes.count
        connection.leftover.append(contentsOf: bytes)
        let isLine = connection.encoding == .jsonLines && bytes.contains(0x0A)
        if isLine || connection.leftover.count >= connection.wanted { resume(connection) }
    }

    /// Deals with the end of what a client says: it may still be waiting for answers.
    private func end(_ connection: Connection) {
        connection.ended = true
        // Half a message at the end will never be whole.
        connection.leftover.removeAll()
        if connection.isAnswered, connection.out.isEmpty {
            close(connection)
        } else {
            updateInterest(connection)
        }
    }

    /// Goes on with what a full ring left lying.
    func resume(_ connection: Connection) {
        copyLeftover(connection)
        parse(connection, count: connection.leftover.count)
    }

    /// Keeps bytes with a connection until the rest of their message comes.
    ///
    /// Memory goes from connection to connection: a busy one needs some after nearly every read,
    /// and a thousand idle ones need none.
    func keep(_ bytes: UnsafeRawBufferPointer, _ connection: Connection) {
        if bytes.isEmpty {
            guard connection.leftover.capacity > 0 else { return }
            connection.leftover.removeAll(keepingCapacity: true)
            if spares.count < IngestLoop.spareCount {
                spares.append([])
                swap(&spares[spares.count - 1], &connection.leftover)
            } else {
                connection.leftover = []
            }
            return
        }
        if connection.leftover.capacity < bytes.count, let spare = spares.popLast() {
            connection.leftover = spare
        }
        connection.leftover.removeAll(keepingCapacity: true)
        connection.leftover.append(contentsOf: bytes)
    }

    private static let spareCount = 4

    /// A connection at its end is read only to notice that the client has gone.
    private func discard(_ connection: Connection) {
        guard connection.closing else { return }
        switch transport.receive(connection.fd, into: buffer) {
        case .bytes, .nothing: break
        case .end, .broken: close(connection)
        }
    }

    private func copyLeftover(_ connection: Connection) {
        connection.leftover.withUnsafeBytes { source in
            if let from = source.baseAddress, let to = buffer.baseAddress {
                to.copyMemory(from: from, byteCount: source.count)
            }
        }
    }

    private func parse(_ connection: Connection, count: Int) {
        let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        connection.wanted = 0
        if connection.encoding == nil, count > 0 {
            connection.encoding = WireEncoding.chosen(byFirst: bytes[0])
        }
        let used =
            switch connection.encoding {
            case .binary: parseFrames(connection, bytes)
            case .jsonLines: parseLines(connection, bytes)
            case nil: 0
            }
        let rest = bytes[(connection.closing ? count : used)...]
        keep(UnsafeRawBufferPointer(UnsafeMutableRawBufferPointer(rebasing: rest)), connection)
        if connection.closing { markDirty(connection) }
    }

    private func parseFrames(
        _ connection: Connection,
        _ bytes: UnsafeMutableRawBufferPointer
    ) -> Int {
        let framer = BinaryFramer(limits: settings.wire)
        var offset = 0
        while offset < bytes.count, !connection.closing, connection.hello == nil {
            guard hasBudget else {
                stall(connection)
                break
            }
            guard mayCall(connection) else { break }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...]).bytes
            if let (reader, length) = connection.interrupted {
                let frame = rest.extracting(first: length)
                guard takeAll(reader, frame, connection) else { break }
                connection.interrupted = nil
                offset += length
                continue
            }
            if let (reader, length) = connection.interruptedBeats {
                guard takeAll(reader, rest.extracting(first: length), connection) else { break }
                connection.interruptedBeats = nil
                offset += length
                continue
            }
            switch framer.next(in: rest) {
            case .needMore(let least):
                connection.wanted = least
                return offset
            case .fault(let fault): fail(connection, fault)
            case .frame(let header, let length):
                let frame = rest.extracting(first: length)
                switch connection.decoder.decode(header, frame) {
                case .single(let step):
                    take(step, frame, connection)
                    work(IngestLoop.messageWork, for: connection)
                case .usage(let reader):
                    guard takeAll(reader, frame, connection) else { return offset }
                case .heartbeats(let reader):
                    guard takeAll(reader, frame, connection) else { return offset }
                }
                offset += length
            }
        }
        return offset
    }

    /// Takes all usage records of a frame; false when a full ring interrupted it.
    private func takeAll(
        _ start: UsageFrameReader,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> Bool {
        var reader = start
        var report = UsageReport()
        // Held for the whole frame, so that nothing is counted for each report.
        let producer = connection.producer ?? nobody
        var ahead = connection.names.hasMany ? NamePrefetch(reader, frame, connection) : nil
        // Counted here, so that nothing of the loop is touched for each report.
        var left = slice
        defer { slice = left }
        while true {
            ahead?.step(frame, connection)
            guard hasBudget else {
                connection.interrupted = (reader, frame.byteCount)
                stall(connection)
                return false
            }
            left &-= 1
            if left < 0 {
                lookAround(connection)
                left = slice
            }
            switch reader.next(in: frame, into: &report) {
            case .usage: take(report, frame, connection, producer)
            case .rejected:
                if let rejection = reader.rejection { reject(rejection, connection) }
            case .fault:
                if let fault = reader.fault { fail(connection, fault) }
                return true
            case .end: return true
            }
            if connection.closing { return true }
        }
    }

    /// Takes all heartbeat records of a frame; false when a full ring interrupted it.
    private func takeAll(
        _ start: HeartbeatFrameReader,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> Bool {
        var reader = start
        while !connection.closing {
            guard hasBudget else {
                connection.interruptedBeats = (reader, frame.byteCount)
                stall(connection)
                return false
            }
            switch reader.next(in: frame) {
            case .heartbeat(let report): take(report, frame, connection)
            case .rejected(let rejection): reject(rejection, connection)
            case .fault(let fault): fail(connection, fault)
            case .end: return true
            }
            work(IngestLoop.messageWork, for: connection)
        }
        return true
    }

    private func parseLines(
        _ connection: Connection,
        _ bytes: UnsafeMutableRawBufferPointer
    ) -> Int {
        let decoder = JSONClientDecoder(limits: settings.wire)
        var offset = 0
        while offset < bytes.count, !connection.closing, connection.hello == nil {
            guard hasBudget else {
                stall(connection)
                break
            }
            guard mayCall(connection) else { break }
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[offset...])
            switch connection.lines.next(in: UnsafeRawBufferPointer(rest).bytes) {
            case .needMore:
                // A line end may come sooner; it is looked for in what comes.
                connection.wanted = settings.wire.lineBytes + 1
                return offset
            case .fault(let fault): fail(connection, fault)
            case .line(let length):
                let line = UnsafeMutableRawBufferPointer(rebasing: rest[..<length])
                var span = line.mutableBytes
                let step = decoder.decode(&span)
                take(step, UnsafeRawBufferPointer(line).bytes, connection)
                work(IngestLoop.messageWork, for: connection)
                offset += length + 1
            }
        }
        return offset
    }

    /// Whether a connection may ask more before it is answered; pauses it otherwise.
    private func mayCall(_ connection: Connection) -> Bool {
        guard connection.openCalls >= IngestLoop.callsAtOnce else { return true }
        pause(connection)
        return false
    }

    private var hasBudget: Bool {
        if budget > 0 { return true }
        refill()
        return budget > 0
    }

    func fail(_ connection: Connection, _ fault: ConnectionFault) {
        wiring.counters.faults.add()
        connection.fail(fault)
        markDirty(connection)
    }
}

/// Asks for the meanings of the next reports' accounts while earlier ones are taken.
private struct NamePrefetch {
    /// How many reports ahead.
    private static let ahead = 8

    private var place: UsageLookahead

    init(_ reader: UsageFrameReader, _ frame: RawSpan, _ connection: Connection) {
        place = reader.lookahead(in: frame)
        for _ in 0..<NamePrefetch.ahead { step(frame, connection) }
    }

    /// Goes on by one report.
    @inline(__always)
    mutating func step(_ frame: RawSpan, _ connection: Connection) {
        guard let (kind, index) = place.next(in: frame) else { return }
        connection.names.prefetch(kind, index)
    }
}
