import Quantities

/// What a course is given.
package struct CoursePlan: Sendable {
    /// Everything by chance follows from it.
    package var seed: UInt64
    /// How many events are sent in all.
    package var events: UInt64
    /// An empty database of the course's own.
    package var conninfo: String
    /// How many seconds to wait for an end that must come.
    package var patience = 180.0
    /// Told what is going on.
    package var say: @Sendable (String) -> Void

    /// Makes a plan.
    ///
    /// - Parameters:
    ///   - seed: Everything by chance follows from it.
    ///   - events: How many events are sent in all.
    ///   - conninfo: An empty database of the course's own.
    ///   - say: Told what is going on.
    package init(
        seed: UInt64,
        events: UInt64,
        conninfo: String,
        say: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.seed = seed
        self.events = events
        self.conninfo = conninfo
        self.say = say
    }
}

/// How a course ended.
package struct Summary: Sendable {
    let proof: Proof
    /// How many events were acknowledged.
    package let acknowledged: UInt64
    /// How long each start took until the daemon was ready, in seconds.
    package let recoveries: [Double]
    /// How many holds were looked up after a start.
    package let holdsChecked: Int
    /// How many grants were asked for twice, around a kill.
    package let grants: Int
    /// Whether the daemon's own audit found everything in order.
    package let auditIsGreen: Bool
    /// What went wrong; empty when the proof holds.
    package private(set) var faults: [String]

    /// How many events were sent.
    package var sent: UInt64 { proof.sent }
    /// How many usage lines there are.
    package var stored: UInt64 { proof.stored }
    /// How many of them are there more than once.
    package var duplicates: UInt64 { proof.duplicates }
    /// How many events that were sent are not there.
    package var lost: UInt64 { proof.lost }

    /// Whether everything was proved.
    package var holds: Bool { faults.isEmpty }

    /// Whether every organisation was charged exactly what the plan says.
    package var chargesAreEqual: Bool { proof.chargesAreEqual }

    /// The columns of ``line(_:_:)``.
    package static let heading = """
        | part | what was done | events acknowledged | stored | duplicates | lost | sum | audit | \
        faults |
        | --- | --- | ---: | ---: | ---: | ---: | --- | --- | ---: |
        """

    /// One line of a table of all parts.
    ///
    /// - Parameters:
    ///   - part: The part's name.
    ///   - what: What was done to the daemon.
    /// - Returns: The line.
    package func line(_ part: String, _ what: String) -> String {
        let fields = [
            part, what, Summary.grouped(acknowledged), Summary.grouped(stored), "\(duplicates)",
            "\(lost)", chargesAreEqual ? "exact" : "WRONG", auditIsGreen ? "green" : "NOT GREEN",
            "\(faults.count)",
        ]
        return "| \(fields.joined(separator: " | ")) |"
    }

    /// Notes what only the campaign can see.
    ///
    /// - Parameter text: What went wrong.
    package mutating func add(fault text: String) {
        faults.append(text)
    }

    /// The proof's rows for a table.
    package var rows: [(String, String)] {
        [
            ("events sent", Summary.grouped(sent)),
            ("acknowledged", Summary.grouped(acknowledged)),
            ("stored", Summary.grouped(stored)),
            ("duplicates", "\(duplicates)"),
            ("lost", "\(lost)"),
            ("charged", "\(proof.charged), \(equality) the independent sum"),
            ("holds looked up", "\(holdsChecked)"),
            ("grants asked for twice", "\(grants)"),
            ("recovery", recoveryText),
            ("audit", auditIsGreen ? "green" : "NOT GREEN"),
            ("faults", "\(faults.count)"),
        ]
    }

    private var equality: String { proof.chargesAreEqual ? "equal to" : "NOT EQUAL to" }

    private var recoveryText: String { Summary.spread(recoveries) }

    /// Median and maximum of some times.
    static func spread(_ times: [Double]) -> String {
        let sorted = times.sorted()
        guard let longest = sorted.last else { return "none" }
        let median = seconds(sorted[sorted.count / 2])
        return "median \(median), max \(seconds(longest)) (\(sorted.count) times)"
    }

    /// Seconds with three decimals.
    static func seconds(_ value: Double) -> String {
        let thousandths = Int((value * 1000).rounded())
        let rest = "\(thousandths % 1000)"
        let zeros = String(repeating: "0", count: 3 - rest.count)
        return "\(thousandths / 1000).\(zeros)\(rest) s"
    }

    /// A number with its thousands apart.
    static func grouped(_ number: UInt64) -> String {
        var digits = Array("\(number)")
        var place = digits.count - 3
        while place > 0 {
            digits.insert(",", at: place)
            place -= 3
        }
        return String(digits)
    }

    /// A table of two columns.
    ///
    /// - Parameters:
    ///   - title: What it shows.
    ///   - rows: What stands in it, before the proof's own rows.
    /// - Returns: The table, with a newline at its end.
    package func table(_ title: String, _ rows: [(String, String)]) -> String {
        let all = rows + self.rows
        let width = all.map(\.0.count).max() ?? 0
        let lines = all.map { name, value in
            "  \(name)\(String(repeating: " ", count: width - name.count))  \(value)"
        }
        return "\(title)\n" + lines.joined(separator: "\n") + "\n"
    }
}
