import DiskSimulation
import Glibc
import Journaling
import Quantities
import SimulatedBooks

extension Simulation {
    /// Another phase begins: calm, or wild in its own way.
    func changeWeather() {
        free(stranded: false)
        var next = Weather()
        next.weights = (0..<14).map { _ in [1, 4, 4, 16, 16][random.below(5)] }
        next.isHushed = random.below(3) == 0
        let isWild = random.below(4) > 0
        if isWild, !finalPhase {
            next.death = random.below(2) == 0 ? 150 << random.below(4) : 0
            next.stop = random.below(6) == 0 ? 400 : 0
            next.jump = random.below(3) == 0 ? 120 : 0
            next.cut = random.below(2) == 0 ? 12 << random.below(4) : 0
            next.outage = random.below(3) == 0 ? 150 : 0
            next.diskFault = random.below(3) == 0 ? 60 : 0
            next.midCall = random.below(3) == 0 ? 200 : 0
        }
        weather = next
        database.start()
        database.faults = DatabaseFaults()
        if isWild, !finalPhase, random.below(2) == 0 {
            database.faults = DatabaseFaults(often: 4 << UInt64(random.below(5)))
            database.faults.slowMicroseconds = 1000 << Int64(random.below(11))
        }
        let odds: UInt64 = isWild && !finalPhase && random.below(6) == 0 ? 12 : 0
        disk.setFaultOdds(odds)
        disk.setFlipOdds(isWild && random.below(3) == 0 ? 3 : 0)
        disk.setCapacity(isWild && !finalPhase && random.below(8) == 0 ? 400 << 10 : .max)
    }

    /// All faults end.
    func calm() {
        weather = Weather()
        database.start()
        database.faults = DatabaseFaults()
        disk.setFaultOdds(0)
        disk.setFlipOdds(0)
        disk.setCapacity(.max)
        free(stranded: true)
    }

    private func happens(_ odds: Int) -> Bool {
        odds > 0 && random.below(odds) == 0
    }

    /// Something may go wrong.
    func brew() {
        if happens(weather.death) { pendingDeath = random.below(2) == 0 ? .kill : .power }
        if happens(weather.midCall) {
            let calls = 1 + random.below(40)
            history.note(.fault, UInt64(calls), "the process dies within \(calls) disk calls")
            disk.die(after: calls)
        }
        if happens(weather.diskFault) { spoilDisk() }
        if happens(weather.jump) { jump() }
        if happens(weather.outage) { spoilDatabase() }
        if happens(weather.stop) { isStopDue = true }
    }

    private func spoilDisk() {
        let operations: [DiskFault] = [
            .write, .write, .sync, .sync, .reserve, .create, .rename, .remove, .syncDirectory,
        ]
        let fault = operations[random.below(operations.count)]
        let code = random.below(2) == 0 ? EIO : ENOSPC
        history.note(.fault, UInt64(fault.rawValue), "the next \(fault) fails with \(code)")
        disk.fail(fault.operation, after: random.below(3), code: code)
    }

    private func spoilDatabase() {
        switch random.below(16) {
        case 0 where !isFenceStolen:
            history.note(.fault, 11, "another daemon takes the lease")
            statistics.takeovers += 1
            isFenceStolen = true
            database.takeOver(node: Simulation.node, holder: "somebody else", seconds: 1)
        case 1, 2, 3, 4:
            history.note(.fault, 12, "PostgreSQL is away")
            statistics.databaseOutages += 1
            database.stop()
        case 5, 6, 7:
            history.note(.fault, 13, "PostgreSQL is back")
            database.start()
        default:
            history.note(.fault, 14, "connections are cut")
            statistics.connectionsCut += 1
            database.cutConnections()
        }
    }

    private func jump() {
        let seconds = [1, 60, 3_600][random.below(3)]
        let micros = Int64(random.below(seconds * 1_000_000))
        let isBack = random.below(2) == 0
        // Not so far that ids of a day ago may come again.
        guard isBack || forwardJumps + micros < 8 * 3_600_000_000 else { return }
        if !isBack { forwardJumps += micros }
        statistics.clockJumps += 1
        history.note(.jump, UInt64(micros), "\(isBack ? "back" : "on") by \(micros) µs")
        clock.jump(by: isBack ? -micros : micros)
    }
}

/// Disk calls that are made to fail.
enum DiskFault: Int {
    case write, sync, reserve, create, rename, remove, syncDirectory

    var operation: DiskOperation {
        switch self {
        case .write: .write
        case .sync: .sync
        case .reserve: .reserve
        case .create: .create
        case .rename: .rename
        case .remove: .remove
        case .syncDirectory: .syncDirectory
        }
    }
}
