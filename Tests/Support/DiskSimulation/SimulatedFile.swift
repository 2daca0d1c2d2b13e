import Glibc
import Journaling
import Synchronization

/// An open file of a `SimulatedDisk`.
final class SimulatedFile: JournalFile {
    private let disk: SimulatedDisk
    private let inode: Int
    private let name: String
    private let era: Int

    init(disk: SimulatedDisk, inode: Int, name: String, era: Int) {
        self.disk = disk
        self.inode = inode
        self.name = name
        self.era = era
    }

    func reserve(_ bytes: UInt64) throws(JournalError) {
        try withState(.reserve) { (state) throws(JournalError) in
            let missing = max(0, Int(bytes) - state.contents[inode].live.count)
            let used = state.names.values.reduce(0) { $0 + state.contents[$1].live.count }
            guard used + missing <= state.capacity else {
                throw .disk(operation: .reserve, file: name, code: ENOSPC)
            }
            state.contents[inode].live += [UInt8](repeating: 0, count: missing)
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(JournalError) {
        try disk.state.withLock { (state: inout SimulatedDisk.State) throws(JournalError) in
            try checkEra(state, .write)
            let fault = state.fault(.write, name)
            // A write that fails may have written any part.
            let length = fault == nil ? bytes.count : Int(state.random.below(bytes.count + 1))
            let kept = Array(bytes[..<length])
            state.contents[inode].apply(kept, at: Int(offset))
            if !kept.isEmpty {
                let write = SimulatedDisk.PendingWrite(offset: Int(offset), bytes: kept)
                state.contents[inode].pending.append(write)
            }
            if let fault { throw fault }
        }
        disk.afterWrite.run()
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(JournalError) -> Int {
        var count = 0
        try withState(.read) { (state) throws(JournalError) in
            count = state.copy(inode, at: Int(offset), into: buffer)
        }
        return count
    }

    func synchronize() throws(JournalError) {
        // What a sync covers is what was written before it began.
        let (covered, isInUse) = disk.state.withLock { state in
            let name = state.names.first { $0.value == inode }?.key
            return (state.contents[inode].pending.count, name?.hasSuffix(".log") ?? false)
        }
        // A segment that is being made has whoever makes it waiting, and everybody who needs it.
        if isInUse { disk.duringSync.run() }
        try disk.state.withLock { (state: inout SimulatedDisk.State) throws(JournalError) in
            try checkEra(state, .sync)
            if let fault = state.fault(.sync, name) {
                if !state.isDead { state.dropPending(of: inode) }
                throw fault
            }
            let count = min(covered, state.contents[inode].pending.count)
            for write in state.contents[inode].pending.prefix(count) {
                state.contents[inode].harden(write.bytes, at: write.offset)
            }
            state.contents[inode].pending.removeFirst(count)
            state.contents[inode].hardenLength()
        }
    }

    private func withState(
        _ operation: DiskOperation,
        _ body: (inout SimulatedDisk.State) throws(JournalError) -> Void
    ) throws(JournalError) {
        try disk.state.withLock { (state: inout SimulatedDisk.State) throws(JournalError) in
            try checkEra(state, operation)
            try state.call(operation, name)
            try body(&state)
        }
    }

    private func checkEra(
        _ state: SimulatedDisk.State,
        _ operation: DiskOperation
    ) throws(JournalError) {
        if state.era != era { throw .disk(operation: operation, file: name, code: EBADF) }
    }
}

extension SimulatedDisk.Content {
    mutating func apply(_ bytes: [UInt8], at offset: Int) {
        put(bytes, at: offset, into: &live)
    }

    mutating func harden(_ bytes: [UInt8], at offset: Int) {
        put(bytes, at: offset, into: &durable)
    }

    mutating func hardenLength() {
        let missing = max(0, live.count - durable.count)
        durable += [UInt8](repeating: 0, count: missing)
    }

    private func put(_ bytes: [UInt8], at offset: Int, into image: inout [UInt8]) {
        let missing = max(0, offset + bytes.count - image.count)
        image += [UInt8](repeating: 0, count: missing)
        image.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
    }
}

extension SimulatedDisk.State {
    /// Counts a call and fails it if it is to fail.
    mutating func call(_ operation: DiskOperation, _ name: String) throws(JournalError) {
        if let fault = fault(operation, name) { throw fault }
    }

    mutating func fault(_ operation: DiskOperation, _ name: String) -> JournalError? {
        calls += 1
        if let deathCall, calls > deathCall { isDead = true }
        if isDead { return .disk(operation: operation, file: name, code: EIO) }
        for index in faults.indices where faults[index].operation == operation {
            if faults[index].skip > 0 {
                faults[index].skip -= 1
                continue
            }
            let code = faults.remove(at: index).code
            failures += 1
            return .disk(operation: operation, file: name, code: code)
        }
        // Reading is not made to fail at random: every other call is more interesting.
        guard faultOdds > 0, operation != .read, random.below(Int(faultOdds)) == 0 else {
            return nil
        }
        failures += 1
        let code = random.below(2) == 0 ? EIO : ENOSPC
        return .disk(operation: operation, file: name, code: code)
    }

    /// Copies bytes as a process sees them.
    func copy(_ inode: Int, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        contents[inode].live.withUnsafeBytes { live in
            let count = max(0, min(buffer.count, live.count - offset))
            guard count > 0 else { return 0 }
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: live[offset..<offset + count]))
            return count
        }
    }

    /// What a failed sync does: some pages reach the disk, the others are forgotten but still
    /// shown.
    mutating func dropPending(of inode: Int) {
        for write in contents[inode].pending where random.below(2) == 0 {
            contents[inode].harden(write.bytes, at: write.offset)
        }
        contents[inode].pending = []
    }

    mutating func crash(_ survival: SimulatedDisk.Survival) {
        for inode in contents.indices { crashContent(inode, survival) }
        for change in pendingNames where survives(survival) {
            switch change {
            case .set(let name, let inode): durableNames[name] = inode
            case .unset(let name): durableNames[name] = nil
            case .move(let name, let newName, let inode):
                durableNames[name] = nil
                durableNames[newName] = inode
            }
        }
        pendingNames = []
        names = durableNames
    }

    private mutating func survives(_ survival: SimulatedDisk.Survival) -> Bool {
        switch survival {
        case .nothing, .prefixes: false
        case .everything: true
        case .random: random.below(2) == 0
        }
    }

    private mutating func crashContent(_ inode: Int, _ survival: SimulatedDisk.Survival) {
        var content = contents[inode]
        var pending = Array(content.pending.enumerated())
        if case .random = survival { pending.shuffle(using: &random) }
        for (number, write) in pending {
            switch survival {
            case .nothing: continue
            case .everything: content.harden(write.bytes, at: write.offset)
            case .prefixes(let lengths):
                let length = number < lengths.count ? lengths[number] : 0
                content.harden(Array(write.bytes.prefix(length)), at: write.offset)
            case .random: tear(write, into: &content)
            }
        }
        content.pending = []
        content.live = content.durable
        contents[inode] = content
    }

    /// Lets any run of the write's bytes reach the disk; mostly all or nothing.
    private mutating func tear(
        _ write: SimulatedDisk.PendingWrite,
        into content: inout SimulatedDisk.Content
    ) {
        var write = write
        if flipOdds > 0, random.below(Int(flipOdds)) == 0, !write.bytes.isEmpty {
            write.bytes[random.below(write.bytes.count)] ^= 1 << UInt8(random.below(8))
            flips += 1
        }
        switch random.below(4) {
        case 0: return
        case 1, 2: content.harden(write.bytes, at: write.offset)
        default:
            let from = random.below(write.bytes.count)
            let to = from + 1 + random.below(write.bytes.count - from)
            content.harden(Array(write.bytes[from..<to]), at: write.offset + from)
        }
    }
}

/// A small generator whose numbers follow from the seed alone.
package struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    package mutating func below(_ limit: Int) -> Int {
        Int(next() % UInt64(limit))
    }
}
