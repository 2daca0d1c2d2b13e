import Rating

/// Reads `machine_runs:`, how machines are watched, and when they are told to stop.
enum MachineRunsReader {
    static func read(_ value: YamlValue) -> MachineRuns {
        var runs = MachineRuns()
        guard var map = value.mapping() else { return runs }
        func take(_ key: String, _ range: ClosedRange<Int>, _ target: inout Int) {
            target = map.optional(key)?.whole(in: range) ?? target
        }
        take("grace_s", 1...86_400, &runs.graceSeconds)
        take("stop_margin_s", 0...86_400, &runs.stopMarginSeconds)
        take("stop_within_s", 0...3_600, &runs.stopWithinSeconds)
        take("start_within_s", 1...86_400, &runs.startWithinSeconds)
        take("book_every_s", 1...3_600, &runs.bookEverySeconds)
        take("order_repeat_s", 1...3_600, &runs.orderRepeatSeconds)
        take("max_per_org", 1...100_000, &runs.maxPerOrganisation)
        map.refuseRest()
        return runs
    }
}
