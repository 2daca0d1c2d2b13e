import Glibc
import Synchronization

import Journaling

/// A disk in memory that can lose, tear, reorder and refuse, and that two crashes can happen to.
///
/// A *kill* ends the process: the kernel's view stays. A *power cut* leaves only what was synced,
/// and of the rest whatever the survival rule says.
package final class SimulatedDisk: JournalStorage {
    /// What survives a power cut of writes and directory changes that were not synced.
    package enum Survival {
        case nothing
        case everything
        /// The bytes of each pending write that reach the disk, given its number; all else is lost.
        case prefixes([Int])
        /// Any part of any of them, in any order.
        case random
    }

    /// A write that is in the kernel's memory only.
    package struct PendingWrite {
        var offset: Int
        var bytes: [UInt8]
    }

    package struct Content {
        var live: [UInt8] = []
        var durable: [UInt8] = []
        var pending: [PendingWrite] = []
    }

    package enum NameChange {
        case set(String, Int)
        case unset(String)
        case move(String, String, Int)
    }

    package struct State {
        var contents: [Content] = []
        var names: [String: Int] = [:]
        var durableNames: [String: Int] = [:]
        var pendingNames: [NameChange] = []
        /// Files and locks of an earlier era belong to a process that is dead.
        var era = 0
        var isLocked = false
        var calls = 0
        /// The call at which the process dies; that call and all later ones of the era fail.
        var deathCall: Int?
        var isDead = false
        var faults: [Fault] = []
        /// One in so many calls fails, if above 0.
        var faultOdds: UInt64 = 0
        /// One in so many unsynced writes has a bit flipped at a power cut, if above 0.
        var flipOdds: UInt64 = 0
        var flips = 0
        var failures = 0
        var capacity = Int.max
        var random: SplitMix
    }

    /// The next calls of one kind that fail.
    package struct Fault {
        var operation: DiskOperation
        var skip: Int
        var code: Int32
    }

    package let state: Mutex<State>
    /// Runs in the middle of each file sync, after it has taken note of what it will sync.
    package let duringSync = Hook()
    /// Runs after a file write has taken effect, before it returns.
    package let afterWrite = Hook()

    package init(seed: UInt64 = 1) {
        state = Mutex(State(random: SplitMix(seed: seed)))
    }

    // MARK: - What can happen to it

    /// The process dies; what it wrote is still in the kernel's memory.
    package func kill() {
        state.withLock { state in
            state.era += 1
            state.isLocked = false
            state.isDead = false
            state.deathCall = nil
            state.faults = []
        }
    }

    /// The power is cut.
    package func cutPower(_ survival: Survival) {
        state.withLock { state in
            state.crash(survival)
            state.era += 1
            state.isLocked = false
            state.isDead = false
            state.deathCall = nil
            state.faults = []
        }
    }

    /// Makes calls of a kind fail: the one after `skip` more.
    package func fail(_ operation: DiskOperation, after skip: Int = 0, code: Int32) {
        state.withLock { $0.faults.append(Fault(operation: operation, skip: skip, code: code)) }
    }

    /// Makes one in so many calls fail, or none for 0.
    package func setFaultOdds(_ odds: UInt64) {
        state.withLock { $0.faultOdds = odds }
    }

    /// The bytes that all files together may reserve.
    package func setCapacity(_ bytes: Int) {
        state.withLock { $0.capacity = bytes }
    }

    /// The process dies in the middle of the call after `calls` more.
    package func die(after calls: Int) {
        state.withLock { $0.deathCall = $0.calls + calls }
    }

    package var calls: Int { state.withLock { $0.calls } }
    package var isDead: Bool { state.withLock { $0.isDead } }

    /// Changes a byte, as a bad disk does.
    package func flipBit(_ bit: Int, of offset: Int, in name: String) {
        state.withLock { state in
            guard let inode = state.names[name] else { return }
            state.contents[inode].live[offset] ^= 1 << bit
            if offset < state.contents[inode].durable.count {
                state.contents[inode].durable[offset] ^= 1 << bit
            }
        }
    }

    /// Removes a file behind everybody's back.
    package func lose(_ name: String) {
        state.withLock { state in
            state.names[name] = nil
            state.durableNames[name] = nil
        }
    }

    /// A file's bytes as a process sees them.
    package func bytes(of name: String) -> [UInt8] {
        state.withLock { state in state.names[name].map { state.contents[$0].live } ?? [] }
    }

    /// Replaces a file's bytes, durably.
    package func setBytes(of name: String, to bytes: [UInt8]) {
        state.withLock { state in
            state.contents.append(Content(live: bytes, durable: bytes))
            state.names[name] = state.contents.count - 1
            state.durableNames[name] = state.contents.count - 1
        }
    }

    /// The lengths of the writes that are pending in a file, oldest first.
    package func pendingWrites(of name: String) -> [Int] {
        state.withLock { state in
            state.names[name].map { state.contents[$0].pending.map(\.bytes.count) } ?? []
        }
    }

    package var fileNames: [String] { state.withLock { $0.names.keys.sorted() } }

    // MARK: - JournalStorage

    package func lock() throws(JournalError) -> any JournalLock {
        try state.withLock { (state: inout State) throws(JournalError) in
            if state.isLocked { throw .locked(directory: "simulated") }
            state.isLocked = true
            return SimulatedLock(disk: self, era: state.era)
        }
    }

    package func names() throws(JournalError) -> [String] {
        try state.withLock { (state: inout State) throws(JournalError) in
            try state.call(.list, "directory")
            return Array(state.names.keys)
        }
    }

    package func create(_ name: String) throws(JournalError) -> any JournalFile {
        try state.withLock { (state: inout State) throws(JournalError) in
            try state.call(.create, name)
            state.contents.append(Content())
            let inode = state.contents.count - 1
            state.names[name] = inode
            state.pendingNames.append(.set(name, inode))
            return SimulatedFile(disk: self, inode: inode, name: name, era: state.era)
        }
    }

    package func open(_ name: String) throws(JournalError) -> any JournalFile {
        try state.withLock { (state: inout State) throws(JournalError) in
            try state.call(.open, name)
            guard let inode = state.names[name] else {
                throw .disk(operation: .open, file: name, code: ENOENT)
            }
            return SimulatedFile(disk: self, inode: inode, name: name, era: state.era)
        }
    }

    package func rename(_ name: String, to newName: String) throws(JournalError) {
        try state.withLock { (state: inout State) throws(JournalError) in
            try state.call(.rename, name)
            guard let inode = state.names.removeValue(forKey: name) else {
                throw .disk(operation: .rename, file: name, code: ENOENT)
            }
            state.names[newName] = inode
            state.pendingNames.append(.move(name, newName, inode))
        }
    }

    package func remove(_ name: String) throws(JournalError) {
        try state.withLock { (state: inout State) throws(JournalError) in
            try state.call(.remove, name)
            guard state.names.removeValue(forKey: name) != nil else {
                throw .disk(operation: .remove, file: name, code: ENOENT)
            }
            state.pendingNames.append(.unset(name))
        }
    }

    package func syncDirectory() throws(JournalError) {
        try state.withLock { (state: inout State) throws(JournalError) in
            try state.call(.syncDirectory, "directory")
            state.durableNames = state.names
            state.pendingNames = []
        }
    }
}

/// Something that a test hangs into the disk; only for tests that run on one thread.
package final class Hook: @unchecked Sendable {
    // SAFETY: set and run by the one thread of the test that uses it.
    private var action: (() -> Void)?

    private var isKept = false

    /// Runs the action at the next call, once.
    package func once(_ action: @escaping () -> Void) {
        self.action = action
        isKept = false
    }

    /// Runs the action at every call from now on; nil for none.
    package func always(_ action: (() -> Void)?) {
        self.action = action
        isKept = true
    }

    func run() {
        let action = action
        if !isKept { self.action = nil }
        action?()
    }
}

private final class SimulatedLock: JournalLock {
    private let disk: SimulatedDisk
    private let era: Int

    init(disk: SimulatedDisk, era: Int) {
        self.disk = disk
        self.era = era
    }

    deinit {
        disk.state.withLock { if $0.era == era { $0.isLocked = false } }
    }
}

extension SimulatedDisk {
    /// Which file has a name now; for onlookers.
    package func inode(of name: String) -> Int? {
        state.withLock { $0.names[name] }
    }

    /// Copies bytes as a process sees them, without counting as a call; for onlookers.
    package func peek(
        _ inode: Int,
        at offset: Int,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        state.withLock { $0.copy(inode, at: offset, into: buffer) }
    }

    /// Lets one in so many writes that survive a power cut unsynced have a bit flipped; 0 for none.
    package func setFlipOdds(_ odds: UInt64) {
        state.withLock { $0.flipOdds = odds }
    }

    /// How many bits were flipped, and how many calls were made to fail.
    package var damage: (flips: Int, failures: Int) {
        state.withLock { ($0.flips, $0.failures) }
    }
}
