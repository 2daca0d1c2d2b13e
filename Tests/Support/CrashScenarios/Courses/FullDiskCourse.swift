import DaemonHarness
import Glibc

/// The journal's file system fills up under load: by the journal itself, while PostgreSQL is away,
/// and by another's file.
///
/// Method: while it is full nothing may be acknowledged that is not safe, everybody who asks is
/// told why nothing is taken, and the daemon stays. When there is room again it must go on by
/// itself, without a restart. Last, it is killed while the disk is full, and starts on the full
/// disk.
package struct FullDiskCourse {
    private let plan: CoursePlan
    private let cluster: Cluster
    private let disk: SmallDisk
    private let rate: UInt64
    /// What happened, for the table.
    package private(set) var rows: [(String, String)] = []

    /// Prepares the course.
    ///
    /// - Parameters:
    ///   - plan: What is sent, and where the books are.
    ///   - cluster: The PostgreSQL that is stopped.
    ///   - disk: Where the journal is.
    ///   - rate: How many events a second the gateways send.
    package init(_ plan: CoursePlan, cluster: Cluster, disk: SmallDisk, rate: UInt64) {
        self.plan = plan
        self.cluster = cluster
        self.disk = disk
        self.rate = rate
    }

    /// Runs it.
    ///
    /// - Returns: How it ended.
    /// - Throws: When it could not go on.
    package mutating func run() throws -> Summary {
        let daemon = try Rig.daemon(
            plan,
            settings: [
                "journal.directory": "\(disk.path)/journal",
                "journal.segment_bytes": "2 MiB",
                "journal.max_unsynced_bytes": "8 MiB",
            ]
        )
        let rig = try Rig(plan, daemon)
        defer { rig.tearDown() }
        rows = [("seed", "\(plan.seed)"), ("journal on", disk.kind)]
        for _ in 0..<3 { rig.placeHold() }
        let load = SteadyLoad(rig, rate: rate)
        defer { load.stop() }
        let process = rig.daemon.processID
        usleep(500_000)
        try cluster.crash()
        try waitUntilFull(rig, of: "journal, PostgreSQL being away", filling: false)
        try observe(rig, "full of journal, PostgreSQL away")
        var before = rig.acknowledged
        try cluster.start()
        try waitUntilBack(rig, since: before, "after PostgreSQL's return") {
            try rig.daemon.admin.status()["ready"].bool == true
        }
        // What the journal holds now is not given back while PostgreSQL stands still: it must leave
        // room for the other file, or nothing is gained when that goes.
        load.hold(true)
        try rig.waitUntilAnswered(within: 120)
        try rig.waitUntilStored(within: 120)
        // It must not give segments back meanwhile, or there is room again and again.
        try cluster.freeze(true)
        load.hold(false)
        try waitUntilFull(rig, of: "another's file", filling: true)
        try observe(rig, "full of another's file")
        before = rig.acknowledged
        disk.clear()
        // Its room may be full of journal again before anybody asks whether the daemon is ready.
        try waitUntilBack(rig, since: before, "after the other file went") { true }
        try cluster.freeze(false)
        try rig.waitUntilCaughtUp()
        if rig.daemon.processID != process { rig.fault("the daemon was not the same all the time") }
        try rig.checkHolds()
        try killWhileFull(rig)
        load.stop()
        return try rig.finish(all: false)
    }

    /// Waits until nothing is taken any more.
    private func waitUntilFull(_ rig: Rig, of what: String, filling: Bool) throws {
        try wait(until: "the disk is full of \(what): \(state(rig))", within: 120, step: 5000) {
            if filling { disk.fill() }
            let status = try rig.daemon.admin.status()
            return status["ready"].bool == false && lackOfSpace(status) != nil
        }
    }

    /// The trouble that tells of the full disk, if there is one.
    private func lackOfSpace(_ status: JSONValue) -> String? {
        status["troubles"].list.compactMap(\.text).first { $0.contains("space") }
    }

    /// Looks whether everybody is told, and nothing is promised.
    private mutating func observe(_ rig: Rig, _ what: String) throws {
        // Acknowledgements of what had been safe before may still be on their way.
        usleep(300_000)
        let before = rig.acknowledged
        let status = try rig.daemon.admin.status()
        let reason = lackOfSpace(status)
        if reason == nil {
            rig.fault("\(what): the status does not say so: \(status["troubles"])")
        }
        let asker = try LocalSocket(path: rig.daemon.dataPath)
        let refusal = try asker.ask(
            #"{"type":"authorize","request":"full","org":"org-1","model":"plain"}"#
        )
        let greeter = try LocalSocket(path: rig.daemon.dataPath)
        let error = try greeter.ask(#"{"type":"hello","protocol":1,"producer":"newcomer"}"#)
        for (name, answer) in [("authorize", refusal), ("hello", error)] {
            let isClear = answer["message"].text?.contains("space") == true
            if answer["code"].text != "overloaded" || !isClear {
                rig.fault("\(what): \(name) is answered with \(answer)")
            }
        }
        let grant = try rig.daemon.admin.call(
            "POST",
            "/v1/organisations/org-1/grants",
            #"{"amount":"1","class":"purchased"}"#,
            headers: ["Idempotency-Key": "full-\(rows.count)"]
        )
        if grant.status != 503 { rig.fault("\(what): a grant is answered with \(grant.status)") }
        usleep(1_000_000)
        let acknowledged = rig.acknowledged - before
        if !rig.daemon.isRunning {
            rig.fault("\(what): the daemon ended:\n\(rig.daemon.logTail())")
        }
        rows += [
            (
                what,
                "\(reason ?? "no reason told"); \(Summary.grouped(before)) acknowledged by then"
            ),
            (
                "- meanwhile",
                "authorize and hello: \(refusal["code"].text ?? "?"), a grant: \(grant.status), "
                    + "acknowledged in a second: \(acknowledged), gateways wait with "
                    + "\(Summary.grouped(rig.sent - rig.acknowledged)) events"
            ),
        ]
    }

    /// Waits until events are acknowledged again, by the same process.
    ///
    /// - Parameters:
    ///   - rig: The daemon and its gateways.
    ///   - before: What was acknowledged before there was room.
    ///   - what: What has made room.
    ///   - isBack: What must be true besides.
    /// - Throws: `HarnessError` when it does not come back, with what is known of it.
    private mutating func waitUntilBack(
        _ rig: Rig,
        since before: UInt64,
        _ what: String,
        _ isBack: () throws -> Bool
    ) throws {
        let start = HarnessClock.seconds
        try wait(until: "it takes events again \(what): \(state(rig))", within: 60) {
            try rig.acknowledged > before && isBack()
        }
        rows.append(
            ("- in service again", "\(Summary.seconds(HarnessClock.seconds - start)) \(what)")
        )
    }

    /// What is to be known of a daemon that does not come back.
    private func state(_ rig: Rig) -> String {
        let status = (try? rig.daemon.admin.status()) ?? .null
        return "\(status["troubles"]), journal \(status["journal"]), \(disk.free) bytes free, "
            + "\(rig.acknowledged) of \(rig.sent) acknowledged\n\(rig.daemon.logTail(3))"
    }

    /// Kills it on a full disk; the next one must come up when there is room.
    private mutating func killWhileFull(_ rig: Rig) throws {
        // A daemon that stores gives a segment back now and again, and has taken its room for the
        // next one before the other file has it: the disk would be full, and service would go on.
        try cluster.freeze(true)
        try waitUntilFull(rig, of: "another's file before the kill", filling: true)
        try rig.kill { try cluster.freeze(false) }
        disk.fill()
        try rig.daemon.launch()
        usleep(2_000_000)
        let waits = rig.daemon.isRunning
        disk.clear()
        if waits {
            try rig.waitUntilReady(within: 60)
        } else {
            try rig.recover()
        }
        try rig.checkHolds()
        rows.append(
            (
                "killed and started on a full disk",
                waits ? "waits, and is ready when there is room" : "ends, and says why"
            )
        )
    }
}
