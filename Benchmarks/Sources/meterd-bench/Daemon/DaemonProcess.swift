import Foundation
import Synchronization

/// How a meterd of our own is started.
struct DaemonSettings: Sendable {
    var program: String
    var folder: String
    var connection: String
    /// The library that counts allocations, if it is to be loaded.
    var shim: String?

    var dataSocket: String { "\(folder)/data.sock" }
    var controlSocket: String { "\(folder)/control.sock" }
    /// Where the library counts.
    var counts: String { "\(folder)/allocations" }

    /// Writes settings and rate card.
    func write() throws {
        try TextFile.write(Workload.rateCard, to: "\(folder)/rates.yaml")
        // Room for everything while PostgreSQL is away.
        let text = """
            node: {name: bench, state_directory: \(folder)/state}
            data_socket: {path: \(dataSocket)}
            control_socket: {path: \(controlSocket)}
            journal: {max_bytes: 64 GiB}
            postgres: {connection: "\(connection)"}
            rates: {card: \(folder)/rates.yaml}
            logging: {level: info}

            """
        try TextFile.write(text, to: "\(folder)/meterd.yaml")
    }

    fileprivate var environment: [String: String] {
        // What is meant for this program would only make meterd wonder.
        var variables = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("METERD_BENCH_")
        }
        if let shim {
            variables["LD_PRELOAD"] = shim
            variables["ALLOCATION_SHIM_FILE"] = counts
        }
        return variables
    }
}

/// A meterd of our own: private folder, private sockets, stopped by its process number.
final class DaemonProcess: Sendable {
    let settings: DaemonSettings
    let pid: Int32
    /// From the start of the process until it took requests.
    let secondsUntilReady: Double
    var folder: String { settings.folder }
    var dataSocket: String { settings.dataSocket }
    var controlSocket: String { settings.controlSocket }

    private let process: Mutex<Process>

    /// Starts meterd and waits until it is ready.
    ///
    /// - Parameters:
    ///   - settings: Which meterd, and where; they are written.
    ///   - readySeconds: How long to wait.
    /// - Throws: `BenchError` with the end of its log when it does not become ready.
    init(_ settings: DaemonSettings, readySeconds: Double = 120) throws {
        self.settings = settings
        let log = "\(settings.folder)/meterd.log"
        try TextFile.write("", to: log)
        // What a killed one has left would look like the new one's.
        unlink(settings.dataSocket)
        unlink(settings.controlSocket)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: settings.program)
        process.arguments = ["--config", "\(settings.folder)/meterd.yaml"]
        process.environment = settings.environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: log)
        process.standardError = FileHandle(forWritingAtPath: log)
        let start = Clock.nanoseconds
        do {
            try process.run()
        } catch {
            throw BenchError("cannot start \(settings.program): \(error)")
        }
        pid = process.processIdentifier
        Leftovers.daemon(pid)
        while try !DaemonProcess.isReady(process, settings) {
            guard Clock.seconds(since: start) < readySeconds else {
                Glibc.kill(process.processIdentifier, SIGKILL)
                throw BenchError(
                    "meterd did not become ready in \(readySeconds) s:\n"
                        + DaemonProcess.tail(of: settings)
                )
            }
            usleep(5000)
        }
        secondsUntilReady = Clock.seconds(since: start)
        self.process = Mutex(process)
    }

    /// Asks it to end in order, and insists after a while.
    func stop() {
        process.withLock { process in
            guard process.isRunning else { return }
            Glibc.kill(pid, SIGTERM)
            let start = Clock.nanoseconds
            while process.isRunning, Clock.seconds(since: start) < 40 { usleep(20_000) }
            if process.isRunning { Glibc.kill(pid, SIGKILL) }
            process.waitUntilExit()
            Leftovers.daemon(nil)
        }
    }

    /// Kills it as a crash does, and waits for its end.
    func kill() {
        process.withLock { process in
            guard process.isRunning else { return }
            Glibc.kill(pid, SIGKILL)
            process.waitUntilExit()
            Leftovers.daemon(nil)
        }
    }

    /// Its whole log, since it was started.
    var log: String { TextFile.read("\(folder)/meterd.log") ?? "" }

    /// The end of its log, for an error message.
    var logTail: String { DaemonProcess.tail(of: settings) }

    /// Nanoseconds of cores that it has used so far.
    var cpuNanoseconds: UInt64 { Clock.processNanoseconds(of: pid) }

    /// What it holds in memory, in MiB.
    var residentMiB: Double {
        let status = TextFile.read("/proc/\(pid)/status") ?? ""
        return TextFile.number(after: "VmRSS:", in: status) / 1024
    }

    /// What its threads have run, in nanoseconds, and how often they were switched to.
    var activity: (nanoseconds: Double, switches: Double) {
        var sum = (nanoseconds: 0.0, switches: 0.0)
        let folder = "/proc/\(pid)/task"
        for thread in TextFile.names(in: folder) {
            let times = TextFile.read("\(folder)/\(thread)/schedstat") ?? ""
            sum.nanoseconds += times.split(separator: " ").first.flatMap { Double($0) } ?? 0
            let status = TextFile.read("\(folder)/\(thread)/status") ?? ""
            sum.switches += TextFile.number(after: "voluntary_ctxt_switches:", in: status)
            sum.switches += TextFile.number(after: "nonvoluntary_ctxt_switches:", in: status)
        }
        return sum
    }

    private static func isReady(_ process: Process, _ settings: DaemonSettings) throws -> Bool {
        guard process.isRunning else {
            throw BenchError("meterd has ended:\n\(tail(of: settings))")
        }
        guard access(settings.dataSocket, F_OK) == 0, access(settings.controlSocket, F_OK) == 0
        else { return false }
        do {
            return try DaemonStatus(of: ControlCalls(path: settings.controlSocket)).ready
        } catch {
            // The socket's file is there before anybody listens.
            return false
        }
    }

    private static func tail(of settings: DaemonSettings) -> String {
        let text = TextFile.read("\(settings.folder)/meterd.log") ?? ""
        return text.split(separator: "\n").suffix(15).joined(separator: "\n")
    }
}
