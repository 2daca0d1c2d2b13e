import Quantities

/// Writes one usage frame, record by record.
///
/// Use: make it, `append` until it says that the frame is full, then `finish`.
public struct UsageBatchEncoder {
    private typealias Layout = BinaryLayout.Usage

    private let start: Int
    private let limit: Int
    private var records: UInt32 = 0

    /// Begins a frame at the buffer's end.
    ///
    /// - Parameters:
    ///   - buffer: Where the frame goes; nothing else may be appended to it before `finish`.
    ///   - limits: The connection's limits.
    public init(in buffer: inout WireBuffer, limits: WireLimits = WireLimits()) {
        start = buffer.beginFrame(.usage, count: 0)
        limit = limits.frameBytes + FrameHeader.size
    }

    /// How many records the frame holds so far.
    public var count: Int { Int(records) }

    /// Appends a record; false when the frame is full, and then nothing is appended.
    ///
    /// - Parameters:
    ///   - report: The report, with names as indexes.
    ///   - texts: What the ranges of `id` and `session` belong to.
    ///   - buffer: The frame's buffer.
    /// - Returns: Whether the record fitted.
    public mutating func append(
        _ report: UsageReport,
        texts: RawSpan,
        to buffer: inout WireBuffer
    ) -> Bool {
        let used = Layout.texts + Int(report.id.length) + Int(report.session.length)
        let length = used.paddedToRecord
        guard buffer.count - start + length <= limit else { return false }
        invariant(
            report.id.length <= WireLimits.idBytes && report.session.length <= WireLimits.idBytes,
            "an id and a session fit their fields"
        )
        let record = buffer.appendZeros(length)
        buffer.store(UInt16(length), at: record + Layout.recordLength)
        buffer.store(UInt8(report.id.length), at: record + Layout.idLength)
        buffer.store(UInt8(report.session.length), at: record + Layout.sessionLength)
        buffer.store(flags(report), at: record + Layout.flags)
        buffer.store(report.sequence, at: record + Layout.sequence)
        if let at = report.at { buffer.store(at.microseconds, at: record + Layout.at) }
        if let hold = report.hold {
            buffer.store(hold.serial, at: record + Layout.holdSerial)
            buffer.store(hold.org.raw, at: record + Layout.holdOrg)
        }
        buffer.store(report.account.binaryIndex, at: record + Layout.account)
        buffer.store(report.project.binaryIndex, at: record + Layout.project)
        buffer.store(report.model.binaryIndex, at: record + Layout.model)
        buffer.store(report.provider.binaryIndex, at: record + Layout.provider)
        buffer.store(report.tokens.input, at: record + Layout.input)
        buffer.store(report.tokens.cacheRead, at: record + Layout.cacheRead)
        buffer.store(report.tokens.cacheWrite, at: record + Layout.cacheWrite)
        buffer.store(report.tokens.output, at: record + Layout.output)
        buffer.store(report.tokens.reasoning, at: record + Layout.reasoning)
        buffer.store(report.latencyMilliseconds, at: record + Layout.latency)
        buffer.write(texts.extracting(report.id.bounds), at: record + Layout.texts)
        buffer.write(
            texts.extracting(report.session.bounds),
            at: record + Layout.texts + Int(report.id.length)
        )
        records += 1
        return true
    }

    /// Completes the frame's header; a frame without records is taken back.
    ///
    /// - Parameter buffer: The frame's buffer.
    public consuming func finish(_ buffer: inout WireBuffer) {
        guard records > 0 else {
            buffer.truncate(to: start)
            return
        }
        buffer.store(records, at: start + 8)
        buffer.endFrame(start)
    }

    private func flags(_ report: UsageReport) -> UInt8 {
        (report.failed ? Layout.failed : 0) | (report.cacheHit ? Layout.cacheHit : 0)
            | (report.at != nil ? Layout.hasAt : 0) | (report.hold != nil ? Layout.hasHold : 0)
            | (report.accountKind == .org ? Layout.accountIsOrg : 0)
    }
}

extension WireName {
    /// The index as it travels.
    var binaryIndex: UInt32 {
        switch self {
        case .absent:
            return BinaryLayout.noName
        case .index(let index):
            return index
        case .text:
            invariantBroken("a binary connection interns its names first")
        }
    }
}
