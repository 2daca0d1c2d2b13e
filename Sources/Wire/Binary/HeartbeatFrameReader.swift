import Quantities

/// What reading the next heartbeat record gave.
@frozen
public enum HeartbeatStep: Sendable, Hashable {
    /// A report.
    case heartbeat(HeartbeatReport)
    /// This record is wrong; the next one may be right.
    case rejected(Rejection)
    /// The frame is broken: nothing more can be read from this connection.
    case fault(ConnectionFault)
    /// There are no more.
    case end
}

/// Reads the records of one heartbeat frame, one after another.
///
/// Invariants:  as `UsageFrameReader`.
public struct HeartbeatFrameReader: Sendable {
    private typealias Layout = BinaryLayout.Heartbeat

    private var offset: Int
    private let end: Int
    private var remaining: UInt32
    private let names: NameCounts

    /// Starts at the first record.
    init(header: FrameHeader, names: NameCounts) {
        offset = FrameHeader.size
        end = FrameHeader.size + Int(header.payloadLength)
        remaining = header.count
        self.names = names
    }

    /// How many records are still to come.
    public var count: Int { Int(remaining) }

    /// Reads the next record.
    ///
    /// - Parameter frame: The whole frame with its header, the same at each call.
    /// - Returns: What comes next.
    public mutating func next(in frame: RawSpan) -> HeartbeatStep {
        guard remaining > 0 else {
            guard offset == end else { return broken("bytes are left after the last record") }
            return .end
        }
        let start = offset
        guard start + Layout.texts <= end, end <= frame.byteCount else {
            return broken("the frame ends before its \(remaining) remaining records")
        }
        let length = Int(frame.u16(start + Layout.recordLength))
        let deploymentLength = Int(frame.byte(start + Layout.deploymentLength))
        let bootLength = Int(frame.byte(start + Layout.bootLength))
        let hasAt = frame.byte(start + Layout.flags) & Layout.hasAt != 0
        let texts = start + Layout.texts + (hasAt ? 8 : 0)
        let needed = texts - start + deploymentLength + bootLength
        guard length == needed.paddedToRecord, start + length <= end else {
            return broken(
                "a heartbeat record of \(length) bytes does not fit its texts or its frame"
            )
        }
        guard frame.u64(start) >> 38 == 0, frame.u32(start + Layout.reservedTail) == 0 else {
            return broken("unknown flags or reserved bytes are set in a heartbeat record")
        }
        let org = frame.u32(start + Layout.org)
        let machine = frame.u32(start + Layout.machine)
        guard org < names.org, machine < names.machine else {
            return stop(
                ConnectionFault(
                    .unknownName,
                    "a heartbeat record uses an org or machine index that no name frame has defined"
                )
            )
        }
        offset = start + length
        remaining -= 1
        let report = report(at: start, texts, deploymentLength, bootLength, in: frame)
        if let rejection = report.rejection(in: frame) { return .rejected(rejection) }
        return .heartbeat(report)
    }

    private func report(
        at start: Int,
        _ textsStart: Int,
        _ deploymentLength: Int,
        _ bootLength: Int,
        in frame: RawSpan
    ) -> HeartbeatReport {
        let flags = frame.byte(start + Layout.flags)
        let texts = UInt32(textsStart)
        var report = HeartbeatReport(
            sequence: frame.u64(start + Layout.sequence),
            deployment: ByteRange(offset: texts, length: UInt32(deploymentLength)),
            boot: ByteRange(
                offset: texts + UInt32(deploymentLength),
                length: UInt32(bootLength)
            ),
            org: .index(frame.u32(start + Layout.org)),
            machine: .index(frame.u32(start + Layout.machine)),
            uptimeMilliseconds: frame.u64(start + Layout.uptime),
            state: flags & Layout.stopped != 0 ? .stopped : .running
        )
        if flags & Layout.hasVcpu != 0 { report.vcpuThousandths = frame.u32(start + Layout.vcpu) }
        if flags & Layout.hasMemory != 0 {
            report.memoryThousandths = frame.u32(start + Layout.memory)
        }
        if flags & Layout.hasStorage != 0 {
            report.storageThousandths = frame.u32(start + Layout.storage)
        }
        if flags & Layout.hasSentBytes != 0 {
            report.sentBytes = frame.u64(start + Layout.sentBytes)
        }
        if flags & Layout.hasAt != 0 {
            report.at = Timestamp(
                microseconds: Int64(bitPattern: frame.u64(start + Layout.at))
            )
        }
        return report
    }

    private mutating func broken(_ message: String) -> HeartbeatStep {
        stop(ConnectionFault(.malformed, message))
    }

    /// After a fault there is nothing more to read.
    private mutating func stop(_ fault: ConnectionFault) -> HeartbeatStep {
        remaining = 0
        offset = end
        return .fault(fault)
    }
}

extension HeartbeatReport {
    /// What is wrong with a report's values, whatever encoding they came in; nil when nothing is.
    func rejection(in bytes: RawSpan) -> Rejection? {
        var checks = ValueChecks()
        checks.require(deployment, "deployment", in: bytes)
        checks.require(boot, "boot", in: bytes)
        if let at { checks.check(at) }
        return checks.rejection(subject: sequence > 0 ? .sequence(sequence) : .unknown)
    }
}
