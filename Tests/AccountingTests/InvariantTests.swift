import Accounting
import Quantities
import Testing

/// Goal: a broken promise ends the process, in every build, rather than wrong books.
@Suite struct InvariantTests {
    @Test func `an organisation of another partition ends the process`() async {
        await #expect(processExitsWith: .failure) {
            let bench = Workbench()
            _ = bench.book.createOrganisation(
                2,
                name: "",
                zone: "UTC",
                at: bench.now,
                into: bench.buffer
            )
        }
    }

    @Test func `a negative charge ends the process`() async {
        await #expect(processExitsWith: .failure) { Workbench().debit("-1") }
    }

    @Test func `a negative hold ends the process`() async {
        await #expect(processExitsWith: .failure) { Workbench().hold("-1") }
    }

    @Test func `usage of a project that does not exist ends the process`() async {
        await #expect(processExitsWith: .failure) { Workbench().debit("1", project: 1) }
    }

    @Test func `a hold for a project that does not exist ends the process`() async {
        await #expect(processExitsWith: .failure) { Workbench().hold("0", project: 1) }
    }

    @Test func `replaying usage of an unknown organisation ends the process`() async {
        await #expect(processExitsWith: .failure) {
            let book = AccountBook(partition: 1, calendar: FixedOffsetCalendar())
            encoded(SampleRecords.usage).withUnsafeBytes { record in
                _ = book.replay(kind: .usage, record: record)
            }
        }
    }

    @Test func `replaying a draw of an unknown grant ends the process`() async {
        await #expect(processExitsWith: .failure) {
            let bench = Workbench()
            var usage = UsageChange()
            usage.org = 1
            usage.charge = credits("1")
            usage.draws.append(Draw(grant: 9, amount: credits("1")))
            encoded(usage).withUnsafeBytes { record in
                _ = bench.book.replay(kind: .usage, record: record)
            }
        }
    }

    @Test func `replaying the release of an unknown hold ends the process`() async {
        await #expect(processExitsWith: .failure) {
            let bench = Workbench()
            let body = Change.Body.holdReleased(HoldReleased(hold: 9, lapsed: false))
            let change = Change(appliedAt: bench.now, org: 1, body: body)
            encoded(change).withUnsafeBytes { record in
                _ = bench.book.replay(kind: .holdReleased, record: record)
            }
        }
    }

    @Test func `a text that does not fit a record ends the process`() async {
        await #expect(processExitsWith: .failure) {
            let name = String(repeating: "n", count: 65_536)
            let body = Change.Body.projectCreated(ProjectCreated(project: 1, name: name))
            _ = encoded(Change(appliedAt: .epoch, org: 1, body: body))
        }
    }
}
