/// Where the fields of the binary payloads lie; `Protocol.md` draws the same tables.
///
/// All numbers are little-endian and lie at multiples of their size, counted from the record.
enum BinaryLayout {
    /// The index that stands for "no name".
    static let noName = UInt32.max
    /// Records are padded to this, so that the fields of the next one are aligned.
    static let alignment = 8

    /// One usage record.
    enum Usage {
        static let recordLength = 0  // u16
        static let idLength = 2  // u8
        static let sessionLength = 3  // u8
        static let flags = 4  // u8
        static let reserved = 5  // 3 bytes
        static let sequence = 8  // u64
        static let at = 16  // i64
        static let holdSerial = 24  // u64
        static let holdOrg = 32  // u32
        static let account = 36  // u32
        static let project = 40  // u32
        static let model = 44  // u32
        static let provider = 48  // u32
        static let input = 52  // u32
        static let cacheRead = 56  // u32
        static let cacheWrite = 60  // u32
        static let output = 64  // u32
        static let reasoning = 68  // u32
        static let latency = 72  // u32
        static let reservedTail = 76  // u32
        static let texts = 80

        static let failed: UInt8 = 1
        static let cacheHit: UInt8 = 2
        static let hasAt: UInt8 = 4
        static let hasHold: UInt8 = 8
        static let accountIsOrg: UInt8 = 16
        static let allFlags: UInt8 = 31
    }

    /// One heartbeat record.
    enum Heartbeat {
        static let recordLength = 0  // u16
        static let deploymentLength = 2  // u8
        static let bootLength = 3  // u8
        static let flags = 4  // u8
        static let reserved = 5  // 3 bytes
        static let sequence = 8  // u64
        static let uptime = 16  // u64
        static let sentBytes = 24  // u64
        static let org = 32  // u32
        static let machine = 36  // u32
        static let vcpu = 40  // u32
        static let memory = 44  // u32
        static let storage = 48  // u32
        static let reservedTail = 52  // u32
        static let texts = 56
        static let at = 56  // i64; only with its flag, and the texts then follow it

        static let stopped: UInt8 = 1
        static let hasVcpu: UInt8 = 2
        static let hasMemory: UInt8 = 4
        static let hasStorage: UInt8 = 8
        static let hasSentBytes: UInt8 = 16
        static let hasAt: UInt8 = 32
        static let allFlags: UInt8 = 63
    }

    /// `authorize` of a machine.
    enum AuthorizeMachine {
        static let request = 0  // u64
        static let account = 8  // u32
        static let project = 12  // u32
        static let machine = 16  // u32
        static let vcpu = 20  // u32
        static let memory = 24  // u32
        static let storage = 28  // u32
        static let flags = 32  // u8
        static let deploymentLength = 33  // u8
        static let reserved = 34  // 6 bytes
        static let deployment = 40

        static let accountIsOrg: UInt8 = 1
        static let hasVcpu: UInt8 = 2
        static let hasMemory: UInt8 = 4
        static let hasStorage: UInt8 = 8
        static let allFlags: UInt8 = 15
    }

    /// `hello`.
    enum Hello {
        static let version = 0  // u16
        static let durability = 2  // u8
        static let producerLength = 3  // u8
        static let reserved = 4  // u32
        static let producer = 8
    }

    /// The definition of a name.
    enum Name {
        static let kind = 0  // u8
        static let length = 1  // u8
        static let reserved = 2  // u16
        static let index = 4  // u32
        static let text = 8
    }

    /// `authorize`.
    enum Authorize {
        static let request = 0  // u64
        static let account = 8  // u32
        static let project = 12  // u32
        static let model = 16  // u32
        static let provider = 20  // u32
        static let maxInput = 24  // u32
        static let maxOutput = 28  // u32
        static let ttl = 32  // u32
        static let flags = 36  // u8
        static let reserved = 37  // 3 bytes
        static let size = 40

        static let accountIsOrg: UInt8 = 1
        static let hasMaxInput: UInt8 = 2
        static let hasMaxOutput: UInt8 = 4
        static let hasTtl: UInt8 = 8
        static let allFlags: UInt8 = 15
    }

    /// `extend`.
    enum Extend {
        static let request = 0  // u64
        static let holdSerial = 8  // u64
        static let holdOrg = 16  // u32
        static let input = 20  // u32
        static let cacheRead = 24  // u32
        static let cacheWrite = 28  // u32
        static let output = 32  // u32
        static let reasoning = 36  // u32
        static let maxOutput = 40  // u32
        static let flags = 44  // u8
        static let reserved = 45  // 3 bytes
        static let size = 48

        static let hasMaxOutput: UInt8 = 1
    }

    /// `release`, and `released`, which echoes it.
    enum Release {
        static let request = 0  // u64
        static let holdSerial = 8  // u64
        static let holdOrg = 16  // u32
        static let flags = 20  // u8
        static let reserved = 21  // 3 bytes
        static let size = 24

        static let hasRequest: UInt8 = 1
    }

    /// `subscribe`.
    enum Subscribe {
        static let topics = 0  // u8
        static let reserved = 1  // 7 bytes
        static let size = 8
    }

    /// `order_done`.
    enum OrderDone {
        static let order = 0  // u64
        static let size = 8
    }

    /// `welcome`.
    enum Welcome {
        static let version = 0  // u16
        static let daemonLength = 2  // u8
        static let reserved = 3  // 5 bytes
        static let lastSequence = 8  // u64
        static let daemon = 16
    }

    /// `ack`.
    enum Ack {
        static let sequence = 0  // u64; 0 when the id says it
        static let idLength = 8  // u8
        static let reserved = 9  // 7 bytes
        static let id = 16
    }

    /// `rejected`.
    enum Rejected {
        static let code = 0  // u8
        static let subject = 1  // u8
        static let idLength = 2  // u8
        static let reserved = 3  // u8
        static let messageLength = 4  // u16
        static let reservedTail = 6  // u16
        static let number = 8  // u64
        static let texts = 16

        static let subjectUnknown: UInt8 = 0
        static let subjectSequence: UInt8 = 1
        static let subjectRequest: UInt8 = 2
        static let subjectId: UInt8 = 3
    }

    /// `granted`.
    enum Granted {
        static let request = 0  // u64
        static let holdSerial = 8  // u64
        static let amount = 16  // i128
        static let holdOrg = 32  // u32
        static let valid = 36  // u32
        static let outputTokens = 40  // u32
        static let flags = 44  // u8
        static let reserved = 45  // 3 bytes
        static let size = 48

        static let isFinal: UInt8 = 1
    }

    /// `refused`.
    enum Refused {
        static let request = 0  // u64
        static let holdSerial = 8  // u64; 0 when there is no hold
        static let holdOrg = 16  // u32
        static let status = 20  // u16
        static let messageLength = 22  // u16
        static let typeLength = 24  // u8
        static let codeLength = 25  // u8
        static let limitName = 26  // u8; 0 when there is no limit
        static let scope = 27  // u8
        static let period = 28  // u8; 0 when there is none
        static let limitIdLength = 29  // u8
        static let flags = 30  // u8
        static let reserved = 31  // u8
        static let amount = 32  // i128
        static let spent = 48  // i128
        static let held = 64  // i128
        static let resetsAt = 80  // i64
        static let texts = 88

        static let hasResetsAt: UInt8 = 1
    }

    /// `subscribed`: this, then cutoff records.
    enum Subscribed {
        static let topics = 0  // u8
        static let isComplete = 1  // u8
        static let reserved = 2  // 6 bytes
        static let records = 8
    }

    /// `cutoff`, `restored`, and the records of `subscribed`.
    enum Cutoff {
        static let recordLength = 0  // u16
        static let scope = 2  // u8
        static let idLength = 3  // u8
        static let reasonLength = 4  // u8
        static let reserved = 5  // 3 bytes
        static let at = 8  // i64
        static let texts = 16
    }

    /// `order`.
    enum Order {
        static let order = 0  // u64
        static let action = 8  // u8
        static let deploymentLength = 9  // u8
        static let reasonLength = 10  // u8
        static let reserved = 11  // 5 bytes
        static let texts = 16
    }

    /// `error`.
    enum Error {
        static let code = 0  // u8
        static let reserved = 1  // u8
        static let messageLength = 2  // u16
        static let reservedTail = 4  // u32
        static let message = 8
    }
}

extension Int {
    /// The next multiple of a record's alignment.
    @inlinable var paddedToRecord: Int { (self + 7) & ~7 }
}
