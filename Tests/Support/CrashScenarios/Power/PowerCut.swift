import DaemonHarness
import Foundation
import Glibc

/// Cuts the power of the journal's disk: what no finished sync had covered is lost or torn.
///
/// A library that is preloaded into the daemon keeps an undo log (Tests/Support/PowerCut). After
/// the daemon is dead the log is read here, and taken back is what a disk may have lost: writes
/// wholly or by sectors, in any order; names and removals back to some earlier moment.
struct PowerCut {
    /// What power cuts have taken so far.
    struct Losses: Sendable {
        var cuts = 0
        var writes = 0
        /// Writes of which some sectors survived and others did not.
        var torn = 0
        var bytes: UInt64 = 0
        /// Creations, renames and removals that were taken back.
        var names = 0
    }

    /// How a cut deals with a write that was not synced.
    enum Temper: CaseIterable {
        /// All of them are lost.
        case all
        /// Each is lost or kept as a whole.
        case some
        /// Each sector is lost or kept by itself.
        case sectors
        /// Each keeps a number of its first sectors.
        case heads
    }

    private static let sector = 512

    private let library: String
    private let folder: String
    private let log: String
    private(set) var losses = Losses()
    private var random: SeededRandom

    /// Prepares.
    ///
    /// - Parameters:
    ///   - library: The compiled library's path.
    ///   - folder: The journal's folder, which may not exist yet.
    ///   - log: Where the undo log is kept.
    ///   - seed: What is lost follows from it.
    /// - Throws: When there is no room for removed files.
    init(library: String, folder: String, log: String, seed: UInt64) throws {
        self.library = library
        self.folder = folder
        self.log = log
        random = SeededRandom(seed: seed)
        try FileManager.default.createDirectory(
            atPath: "\(folder).removed",
            withIntermediateDirectories: true
        )
    }

    /// The daemon's variables.
    ///
    /// - Parameter lies: Whether syncs only pretend.
    /// - Returns: The variables.
    func environment(lies: Bool) -> [String: String] {
        var all = [
            "LD_PRELOAD": library, "METERD_POWERCUT_FOLDER": folder, "METERD_POWERCUT_LOG": log,
            "METERD_POWERCUT_DELAY": "20000",
        ]
        if lies { all["METERD_POWERCUT_LIE"] = "1" }
        return all
    }

    /// Cuts the log behind its last whole record, so that the next process can go on with it.
    func mendLog() throws {
        let records = try UndoRecord.read(log)
        guard truncate(log, Int(records.last?.end ?? 0)) == 0 else {
            throw HarnessError("\(log) cannot be cut (errno \(errno))")
        }
    }

    /// Takes back what the disk had not promised; the daemon is dead by now.
    mutating func cut() throws {
        let records = try UndoRecord.read(log)
        let temper = Temper.allCases.randomElement(using: &random) ?? .all
        losses.cuts += 1
        try takeBackContents(records, temper)
        takeBackNames(records)
        truncate(log, 0)
    }

    /// Opens a file by its number, under whatever name it has now.
    private func descriptors(_ records: [UndoRecord]) -> [UInt64: Int32] {
        var found: [UInt64: Int32] = [:]
        for place in [folder, "\(folder).removed"] {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? [] {
                var status = stat()
                guard stat("\(place)/\(name)", &status) == 0 else { continue }
                let file = open("\(place)/\(name)", O_RDWR | O_CLOEXEC)
                if file >= 0 { found[UInt64(status.st_ino)] = file }
            }
        }
        return found
    }

    private mutating func takeBackContents(_ records: [UndoRecord], _ temper: Temper) throws {
        var covered: [UInt64: UInt64] = [:]
        for record in records where record.kind == .synced {
            covered[record.file] = max(covered[record.file] ?? 0, record.extra)
        }
        let files = descriptors(records)
        defer { for file in files.values { close(file) } }
        // Sectors in which a later write survived: what stood there before it is of no interest.
        var settled: Set<SectorName> = []
        for record in records.reversed() where record.start >= covered[record.file] ?? 0 {
            guard let file = files[record.file] else { continue }
            switch record.kind {
            case .write, .zeros: takeBack(record, file, temper, &settled)
            case .size:
                // A length is not synced by the data's sync alone; it may be what it was before.
                if temper == .all { ftruncate(file, Int(record.extra)) }
            case .synced, .created, .renamed, .removed, .folder, .name: break
            }
        }
    }

    private struct SectorName: Hashable {
        let file: UInt64
        let number: Int
    }

    private mutating func takeBack(
        _ record: UndoRecord,
        _ file: Int32,
        _ temper: Temper,
        _ settled: inout Set<SectorName>
    ) {
        let start = Int(record.offset)
        let end = start + Int(record.length)
        guard end > start else { return }
        let numbers = start / Self.sector...(end - 1) / Self.sector
        let isLost = random.next() % 2 == 0
        let heads = Int(random.next() % UInt64(numbers.count + 1))
        var (lost, kept) = (0, 0)
        for number in numbers {
            let name = SectorName(file: record.file, number: number)
            if settled.contains(name) { continue }
            let loses =
                switch temper {
                case .all: true
                case .some: isLost
                case .sectors: random.next() % 2 == 0
                case .heads: number - numbers.lowerBound >= heads
                }
            guard loses else {
                kept += 1
                settled.insert(name)
                continue
            }
            lost += 1
            let from = max(start, number * Self.sector)
            let to = min(end, (number + 1) * Self.sector)
            let before =
                record.kind == .zeros
                ? [UInt8](repeating: 0, count: to - from)
                : Array(record.payload.dropFirst(from - start).prefix(to - from))
            pwrite(file, before, before.count, from)
            losses.bytes += UInt64(to - from)
        }
        if lost > 0 { losses.writes += 1 }
        if lost > 0, kept > 0 { losses.torn += 1 }
    }

    /// Names come back in the order of a journalling file system: all up to some moment stay.
    private mutating func takeBackNames(_ records: [UndoRecord]) {
        let covered = records.last { $0.kind == .folder }?.extra ?? 0
        let changes = records.filter { record in
            guard record.start >= covered else { return false }
            return record.kind == .created || record.kind == .renamed || record.kind == .removed
        }
        let surviving = Int(random.next() % UInt64(changes.count + 1))
        for change in changes.dropFirst(surviving).reversed() {
            losses.names += 1
            let names = change.names
            switch change.kind {
            case .created: unlink("\(folder)/\(names[0])")
            case .renamed: rename("\(folder)/\(names[1])", "\(folder)/\(names[0])")
            case .removed: rename("\(folder).removed/\(names[1])", "\(folder)/\(names[0])")
            case .write, .zeros, .size, .synced, .folder, .name: break
            }
        }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "\(folder).removed"))
            ?? []
        {
            unlink("\(folder).removed/\(name)")
        }
    }
}
