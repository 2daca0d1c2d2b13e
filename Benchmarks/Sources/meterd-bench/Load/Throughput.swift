/// How fast a round of usage went.
struct Throughput {
    /// Events a second.
    var rate: Double
    /// For each event.
    var cpuNanoseconds: Double
    var syncs = 0
    var syncsPerSecond = 0.0

    var text: String {
        "\(Unit.perSecond.text(rate)) with \(Int(cpuNanoseconds)) ns of CPU each"
    }
}

extension World {
    /// Lets all producers send at once, as fast as meterd takes it, from the first byte sent until
    /// the last acknowledgement has come.
    func measure(_ producers: [Producer], events: Int) throws -> Throughput {
        let total = events * producers.count
        let synced = try DaemonStatus(of: control).journal.syncs
        let cpu = daemon.cpuNanoseconds
        let start = Clock.nanoseconds
        let runs = producers.map { $0.run(events) }
        let acknowledgements = try runs.map { try $0.acknowledgements.join() }
        let seconds = Clock.seconds(since: start)
        for run in runs { try run.sender.join() }
        let spent = Double(daemon.cpuNanoseconds - cpu)
        var measured = Throughput(
            rate: Double(total) / seconds,
            cpuNanoseconds: spent / Double(total)
        )
        // An ack follows each sync on each connection that has something in it: where meterd does
        // not count its syncs, the busiest connection's acks do, and rather too few.
        measured.syncs = acknowledgements.max() ?? 1
        if let synced, let now = try DaemonStatus(of: control).journal.syncs {
            measured.syncs = Int(now - synced)
        }
        measured.syncsPerSecond = Double(measured.syncs) / seconds
        return measured
    }
}
