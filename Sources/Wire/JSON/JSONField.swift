/// Every field name of the JSON messages, of clients and of the daemon.
///
/// A field means the same in every message that has it.
enum JSONField: UInt8, CaseIterable {
    case type
    case version
    case producer
    case durability
    case sequence
    case id
    case key
    case org
    case project
    case session
    case model
    case provider
    case inputTokens
    case cacheReadInputTokens
    case cacheWriteInputTokens
    case outputTokens
    case reasoningOutputTokens
    case status
    case cacheHit
    case latencyMs
    case at
    case hold
    case deployment
    case machine
    case boot
    case uptimeMs
    case state
    case vcpu
    case memoryGib
    case storageGib
    case sentBytes
    case request
    case maxInputTokens
    case maxOutputTokens
    case ttlMs
    case topics
    case order
    case daemon
    case lastSequence
    case code
    case message
    case amount
    case validMs
    case isFinal
    case error
    case limit
    case scope
    case reason
    case action
    case cutoffs
    case isComplete
    case name
    case spent
    case held
    case resetsAt
    case period

    /// The field as it is written.
    var name: StaticString {
        switch self {
        case .type: "type"
        case .version: "protocol"
        case .producer: "producer"
        case .durability: "durability"
        case .sequence: "sequence"
        case .id: "id"
        case .key: "key"
        case .org: "org"
        case .project: "project"
        case .session: "session"
        case .model: "model"
        case .provider: "provider"
        case .inputTokens: "input_tokens"
        case .cacheReadInputTokens: "cache_read_input_tokens"
        case .cacheWriteInputTokens: "cache_write_input_tokens"
        case .outputTokens: "output_tokens"
        case .reasoningOutputTokens: "reasoning_output_tokens"
        case .status: "status"
        case .cacheHit: "cache_hit"
        case .latencyMs: "latency_ms"
        case .at: "at"
        case .hold: "hold"
        case .deployment: "deployment"
        case .machine: "machine"
        case .boot: "boot"
        case .uptimeMs: "uptime_ms"
        case .state: "state"
        case .vcpu: "vcpu"
        case .memoryGib: "memory_gib"
        case .storageGib: "storage_gib"
        case .sentBytes: "sent_bytes"
        case .request: "request"
        case .maxInputTokens: "max_input_tokens"
        case .maxOutputTokens: "max_output_tokens"
        case .ttlMs: "ttl_ms"
        case .topics: "topics"
        case .order: "order"
        case .daemon: "daemon"
        case .lastSequence: "last_sequence"
        case .code: "code"
        case .message: "message"
        case .amount: "amount"
        case .validMs: "valid_ms"
        case .isFinal: "final"
        case .error: "error"
        case .limit: "limit"
        case .scope: "scope"
        case .reason: "reason"
        case .action: "action"
        case .cutoffs: "cutoffs"
        case .isComplete: "complete"
        case .name: "name"
        case .spent: "spent"
        case .held: "held"
        case .resetsAt: "resets_at"
        case .period: "period"
        }
    }
}

/// Finds a field by its name with one multiplication and three comparisons.
///
/// Layout:      names of at most 24 bytes are known by their length and three words: the first 8
///              bytes, the 8 after them, and the last 8; together these are all their bytes.
struct JSONFieldTable: Sendable {
    /// The only table; built at the first use.
    static let shared = JSONFieldTable()

    private struct Entry: Sendable {
        var length = 0
        var first: UInt64 = 0
        var middle: UInt64 = 0
        var last: UInt64 = 0
        var field = JSONField.type
    }

    private static let slots = 256
    private let entries: [Entry]

    private init() {
        var entries = [Entry](repeating: Entry(), count: Self.slots)
        for field in JSONField.allCases {
            let name = Array(String(describing: field.name).utf8)
            let words = Self.words(of: name.span.bytes, at: 0, length: name.count)
            var slot = Self.slot(words.first, name.count)
            while entries[slot].length != 0 { slot = (slot + 1) % Self.slots }
            entries[slot] = Entry(
                length: name.count,
                first: words.first,
                middle: words.middle,
                last: words.last,
                field: field
            )
        }
        self.entries = entries
    }

    /// The field with this name, or nil when no message has it.
    func field(_ range: ByteRange, in bytes: RawSpan) -> JSONField? {
        let length = Int(range.length)
        guard length > 0, length <= 24 else { return nil }
        let words = Self.words(of: bytes, at: Int(range.offset), length: length)
        var slot = Self.slot(words.first, length)
        return entries.withUnsafeBufferPointer { entries in
            while entries[slot].length != 0 {
                let entry = entries[slot]
                if entry.length == length, entry.first == words.first,
                    entry.middle == words.middle, entry.last == words.last
                {
                    return entry.field
                }
                slot = (slot + 1) % Self.slots
            }
            return nil
        }
    }

    private static func slot(_ first: UInt64, _ length: Int) -> Int {
        Int(((first &+ UInt64(length)) &* 0x9E37_79B9_7F4A_7C15) >> 56)
    }

    private static func words(
        of bytes: RawSpan,
        at offset: Int,
        length: Int
    ) -> (first: UInt64, middle: UInt64, last: UInt64) {
        guard length >= 8 else {
            if length > 0, offset + 8 <= bytes.byteCount {
                return (bytes.u64(offset) & (.max >> UInt64(64 - 8 * length)), 0, 0)
            }
            var first: UInt64 = 0
            for index in 0..<length {
                first |= UInt64(bytes.byte(offset + index)) << UInt64(8 * index)
            }
            return (first, 0, 0)
        }
        let middle = length >= 16 ? bytes.u64(offset + 8) : 0
        return (bytes.u64(offset), middle, bytes.u64(offset + length - 8))
    }
}
