import Foundation
import Quantities
import Wire

/// The daemon, its database and the accounts that every row uses.
final class World {
    let options: Options
    let folder: String
    let workload: Workload
    let database: PrivateDatabase
    let daemon: DaemonProcess
    let control: ControlCalls
    /// The secrets of the organisations' keys, the busiest first.
    private(set) var keys: [String] = []

    /// Starts everything.
    init(_ options: Options, folder: String, workload: Workload) throws {
        self.options = options
        self.folder = folder
        self.workload = workload
        guard mkdir(folder, 0o755) == 0 else {
            throw BenchError("cannot make \(folder): \(BenchError.reason())")
        }
        database = try PrivateDatabase(options.postgres, folder: folder)
        daemon = try DaemonProcess(options, folder: folder, connection: database.throughDoor)
        control = ControlCalls(path: daemon.controlSocket)
    }

    /// Stops meterd in order, and deletes what it kept.
    func end() {
        daemon.stop()
        Leftovers.dropDatabase()
        Leftovers.removeFolder(folder)
    }

    /// A figure for events that were not all booked would be worth nothing.
    func checkNothingIsLost() throws {
        let status = try waitUntilStored(seconds: Double(options.timeLimitSeconds))
        guard status.rejected == 0 else {
            throw BenchError("meterd rejected \(status.rejected) events")
        }
        let database = try Database(database.direct)
        let lines = try database.run("SELECT count(*) FROM meterd.usage_lines")
        let sums = try database.run("SELECT coalesce(sum(requests), 0) FROM meterd.rollups")
        guard lines == sums, UInt64(lines) == status.positions.stored else {
            throw BenchError(
                "PostgreSQL has \(lines) usage lines and rollups of \(sums), meterd has stored "
                    + "\(status.positions.stored)"
            )
        }
        let charged = try database.run("SELECT coalesce(-sum(amount), 0) FROM meterd.usage_lines")
        Progress.say("checked: \(lines) usage lines, \(charged) credits charged, none rejected")
    }

    /// Creates the organisations, each with a grant, a cap that applies and a key.
    func populate() throws {
        let start = Clock.nanoseconds
        let workers = 8
        let path = daemon.controlSocket
        let total = options.organisations
        let parts = (0..<workers).map { part in
            Worker { () throws -> [(Int, String)] in
                let control = ControlCalls(path: path)
                return try stride(from: part, to: total, by: workers).map { index in
                    (index, try World.create(index, control))
                }
            }
        }
        keys = [String](repeating: "", count: total)
        for part in parts {
            for (index, key) in try part.join() { keys[index] = key }
        }
        Progress.say(
            String(format: "%d organisations made in %.1f s", total, Clock.seconds(since: start))
        )
    }

    /// A producer with a pool of its own.
    func producer(_ name: String, _ index: Int, _ durability: Durability) throws -> Producer {
        let pool = try FramePool(
            workload,
            accounts: keys.count,
            perFrame: options.batch,
            seed: options.seed &* 1000 &+ UInt64(index)
        )
        return try Producer(
            path: daemon.dataSocket,
            name: "\(name)-\(index)",
            durability: durability,
            keys: keys,
            pool: pool
        )
    }

    /// Waits until PostgreSQL has everything that the journal has.
    func waitUntilStored(seconds: Double) throws -> DaemonStatus {
        let start = Clock.nanoseconds
        while true {
            let status = try DaemonStatus(of: control)
            let isDone = status.journal.stored >= status.journal.synced
            if isDone, status.positions.stored >= status.positions.journaled { return status }
            guard Clock.seconds(since: start) < seconds else {
                throw BenchError("not everything is stored after \(seconds) s: \(status.troubles)")
            }
            usleep(50_000)
        }
    }

    private static func create(_ index: Int, _ control: ControlCalls) throws -> String {
        let name = "org-\(index)"
        _ = try control.call("POST", "/v1/organisations", body: #"{"name":"\#(name)"}"#)
        let path = "/v1/organisations/\(name)"
        _ = try control.call(
            "POST",
            "\(path)/grants",
            body: #"{"amount":"1000000000000","class":"purchased"}"#,
            idempotencyKey: "bench-grant-\(index)"
        )
        _ = try control.call(
            "PUT",
            "\(path)/caps",
            body: #"{"scope":"org","period":"month","amount":"1000000000000"}"#
        )
        let answer = try control.call("POST", "\(path)/keys", body: #"{"name":"bench"}"#)
        struct NewKey: Decodable {
            let secret: String
        }
        return try JSONDecoder().decode(NewKey.self, from: Data(answer.utf8)).secret
    }
}

/// What the user sees while it runs, on standard error.
enum Progress {
    static func say(_ text: String) {
        FileHandle.standardError.write(Data("meterd-bench: \(text)\n".utf8))
    }
}
