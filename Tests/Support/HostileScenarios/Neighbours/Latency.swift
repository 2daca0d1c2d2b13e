/// How long answers took, in microseconds.
package struct Latency: Sendable {
    /// How many answers there were.
    package let count: Int
    /// Half of them came sooner.
    package let median: Double
    /// 99 of 100 came sooner.
    package let p99: Double

    init(_ seconds: [Double]) {
        let sorted = seconds.sorted()
        count = sorted.count
        median = sorted.isEmpty ? 0 : sorted[sorted.count / 2] * 1e6
        p99 = sorted.isEmpty ? 0 : sorted[sorted.count * 99 / 100] * 1e6
    }
}
