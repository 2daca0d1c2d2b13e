import Glibc

/// How often the queues that every event goes through take memory from the heap, once they have
/// all that they need.
///
/// The daemon runs with `AllocationShim.c`, so the round's speed says nothing. PostgreSQL is away.
struct HeapAllocations {
    static let name = "heap allocations per million events"
    /// What a run of the smoke pass may find, before it fails.
    static let smokeLimit = 0.0

    private let world: World

    init(_ world: World) {
        self.world = world
    }

    /// Measures, and writes where the allocations come from beside the report.
    func run() throws -> ReportRow {
        var row = ReportRow(
            HeapAllocations.name,
            .count,
            against: "malloc, calloc, realloc, aligned and mapped memory in the queues "
                + "\(AllocationCounts.dataPlane.joined(separator: ", ")), counted by a library "
                + "loaded into the daemon",
            target: Target(figure: 0)
        )
        let options = world.options
        let counts = try AllocationCounts(world.daemon)
        let producers = try (0..<options.producers).map {
            try world.producer("counted", $0, world.usualProducer())
        }
        let each = options.eventsEach(of: options.counted, rounds: 1, producers: producers.count)
        let total = Double(each * producers.count)
        // Twice, so that every buffer has reached its size.
        for _ in 0..<2 { _ = try world.measure(producers, events: each) }
        for _ in 0..<options.rounds {
            let before = counts.byQueue
            _ = try world.measure(producers, events: each)
            let after = counts.byQueue
            var (allocations, bytes) = (0.0, 0.0)
            for (label, count) in after {
                let old = before[label] ?? AllocationCounts.Count()
                let taken = Double(count.allocations - old.allocations)
                if AllocationCounts.isDataPlane(label) {
                    allocations += taken
                    bytes += Double(count.bytes - old.bytes)
                } else if !label.hasPrefix(AllocationCounts.segments) {
                    continue
                }
                // What making the journal's segments takes is told, though no event waits for it.
                row.details[label] = taken / total * 1e6
            }
            row.add(allocations / total * 1e6)
            row.details["bytes"] = bytes / total * 1e6
            Progress.say(
                "\(HeapAllocations.name): \(row.unit.text(row.figure.values.last ?? 0)), "
                    + "\(Int(bytes / total * 1e6)) bytes"
            )
        }
        row.details["events in a round"] = total
        // A queue by another name would count as nothing. These two have taken something at least
        // when they began; the others may never do so.
        for queue in AllocationCounts.dataPlane.prefix(2) {
            guard counts.byQueue.contains(where: { $0.key.hasPrefix(queue) }) else {
                throw BenchError("the daemon has no queue \(queue): mend AllocationCounts")
            }
        }
        if row.figure.median > 0 { try tellCallSites(counts, producers, each) }
        return row
    }

    private func tellCallSites(
        _ counts: AllocationCounts,
        _ producers: [Producer],
        _ each: Int
    ) throws {
        guard !world.options.isSmoke else { return }
        counts.keepStacks(true)
        _ = try world.measure(producers, events: each)
        counts.keepStacks(false)
        let path = world.options.output + ".allocations"
        try TextFile.write(counts.callSites(), to: path)
        Progress.say("where they come from: \(path)")
    }
}
