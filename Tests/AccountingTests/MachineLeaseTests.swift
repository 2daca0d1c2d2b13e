import Accounting
import Quantities
import Testing

/// Goal: who is told to stop cannot pay, who is told to resume can, and nobody is told both in
/// turn; whoever has gone leaves its place and its room to others.
///
/// Method: a book under a clock that the test moves, with prices that are whole credits an hour, of
/// which the margin of 300 seconds is a twelfth.
@Suite struct MachineLeaseTests {
    private typealias Entry = ListedMachinePrices.Entry
    private static let hourly = Entry(mode: .hourly, running: 60)
    /// Margin 10.
    private static let timed = Entry(mode: .continuous, running: 120)

    // MARK: - Resuming

    @Test func `a machine resumes when the margins of all can be carried`() {
        let machines = MachineBench("19", [1: Self.timed])
        machines.say("a", minute: 0)
        machines.say("b", boot: 2, minute: 0)
        #expect(machines.orders == ["stop b"])
        for step in 1...5 {
            machines.bench.wait(second)
            machines.bench.tick()
            #expect(machines.orders == ["stop b"], "second \(step)")
        }
        machines.sample("b", boot: 2, milliseconds: 6000, .stopped)
        machines.bench.grant("10")
        machines.bench.tick()
        #expect(machines.orders == ["resume b"])
        machines.bench.wait(second)
        machines.sample("a", milliseconds: 6000)
        machines.sample("b", boot: 2, milliseconds: 7000)
        machines.sample("a", milliseconds: 7000)
        #expect(machines.orders == [])
        #expect(machines.deployment("a")?.lease == .open)
        #expect(machines.deployment("b")?.lease == .open)
        machines.bench.expectReplayAgrees()
    }

    @Test func `a machine may start when the margins of all can be carried`() {
        let machines = MachineBench("19", [1: Self.timed])
        #expect(machines.start("a") == "granted 10")
        machines.say("a", minute: 0)
        #expect(machines.start("b") == "insufficientCredits organisation 0")
        machines.bench.grant("1")
        #expect(machines.start("b") == "granted 10")
        machines.say("b", boot: 2, minute: 0)
        #expect(machines.orders == [])
    }

    @Test func `a cap of a project is asked for that project's machines alone`() {
        let machines = MachineBench(
            "1000",
            [1: Entry(mode: .continuous, running: 12), 2: Entry(mode: .continuous, running: 240)]
        )
        machines.bench.project()
        machines.bench.project()
        machines.bench.cap(.project, 1, .month, "3")
        #expect(machines.start("elsewhere", 2, project: 2) == "granted 20")
        machines.say("elsewhere", 2, minute: 0)
        #expect(machines.start("a", 1, project: 1) == "granted 1")
        machines.say("a", boot: 2, minute: 0)
        #expect(machines.orders == [])
        #expect(machines.start("b", 1, project: 1) == "granted 1")
        machines.say("b", boot: 3, minute: 0)
        #expect(machines.start("c", 1, project: 1) == "granted 1")
        machines.say("c", boot: 4, minute: 0)
        #expect(machines.orders == [])
        // The margins of three are the cap already.
        #expect(machines.start("d", 1, project: 1) == "spendCapExceeded project 1 month")
        machines.bench.expectReplayAgrees()
    }

    @Test func `what costs nothing runs at any balance`() {
        let machines = MachineBench("0", [1: Entry(mode: .continuous, running: 0), 2: Self.timed])
        machines.say(minute: 0)
        machines.say(minutes: 1...10)
        #expect(machines.orders == [])
        #expect(machines.deployment()?.lease == .open)
        // Nor is it told to stop for what another one costs.
        machines.say("dear", 2, boot: 2, minute: 0)
        #expect(machines.orders == ["stop dear"])
        machines.say(minutes: 11...20)
        #expect(machines.deployment()?.lease == .open)
        machines.bench.expectReplayAgrees()
    }

    @Test func `what costs only what it sends is told to resume when there are credits`() {
        let machines = MachineBench("1", [1: Entry(mode: .continuous, running: 0, gib: 10)])
        machines.say(minute: 0)
        machines.bench.wait(60 * second)
        machines.say(minute: 1, sent: 1 << 30)
        #expect(machines.orders == ["stop web"])
        machines.wait(minutes: 1)
        machines.say(minute: 2, sent: 1 << 30)
        #expect(machines.orders == ["stop web"])
        machines.bench.grant("10")
        machines.bench.tick()
        #expect(machines.orders == ["resume web"])
    }

    @Test(arguments: ["released", "settled", "lapsed"])
    func `room that a hold gives back lets a machine resume`(how: String) {
        let machines = MachineBench("70", [1: Self.hourly])
        let hold = machines.bench.held("30")
        machines.say(minute: 0)
        #expect(machines.orders == ["stop web"])
        machines.bench.wait(second)
        machines.sample(milliseconds: 1000, .stopped)
        machines.bench.tick()
        #expect(machines.orders == [])
        switch how {
        case "released": #expect(machines.bench.release(hold))
        case "settled": machines.bench.debit("5", hold: hold)
        default: machines.bench.wait(60 * second)
        }
        machines.bench.tick()
        #expect(machines.orders == ["resume web"])
        machines.bench.expectReplayAgrees()
    }

    @Test func `who is told to stop again keeps its place among those that wait`() {
        let machines = MachineBench("10", [1: Self.hourly])
        machines.say("a", minute: 0)
        machines.obey()
        machines.say("a", minutes: 1...3)
        machines.say("b", boot: 2, minute: 0)
        machines.sample("b", boot: 2, milliseconds: 1000, .stopped)
        machines.say("a", minutes: 4...6)
        #expect(machines.orders == ["stop a"])
        machines.obey()
        // Told again five minutes after it was told last, not sooner.
        machines.say("a", minutes: 7...7)
        #expect(machines.orders == [])
        machines.bench.expectReplayAgrees()
        machines.bench.grant("110")
        machines.bench.tick()
        #expect(machines.orders == ["resume a"])
    }

    @Test func `who may start is not told to stop any more`() {
        let machines = MachineBench("10", [1: Self.hourly, 2: Entry(mode: .hourly, running: 5)])
        machines.say(minute: 0)
        #expect(machines.orders == ["stop web"])
        #expect(machines.start("web", 2) == "granted 5")
        #expect(machines.orders == [])
    }

    // MARK: - Places

    @Test func `a start that nobody followed leaves its place when its hold has lapsed`() {
        let machines = MachineBench("1000", [1: Self.hourly])
        machines.bench.book.runRules.mostPerOrganisation = 1
        #expect(machines.start("a") == "granted 60")
        #expect(machines.start("b") == "too many")
        machines.wait(minutes: 11)
        #expect(machines.start("b") == "granted 60")
        machines.wait(minutes: 11)
        #expect(machines.say("c", minute: 0) == .taken)
        machines.bench.expectReplayAgrees()
    }

    @Test func `a start whose machine was only seen stopped leaves its place`() {
        let machines = MachineBench("1000", [1: Self.hourly])
        machines.bench.book.runRules.mostPerOrganisation = 1
        #expect(machines.start("a") == "granted 60")
        machines.say("a", minute: 0, .stopped)
        machines.wait(minutes: 11)
        #expect(machines.say("c", minute: 0) == .taken)
    }

    @Test(arguments: [true, false])
    func `a machine that does not come back when it may resume leaves its place`(obeys: Bool) {
        let machines = MachineBench("10", [1: Self.hourly])
        machines.bench.book.runRules.mostPerOrganisation = 1
        machines.say("a", minute: 0)
        machines.wait(minutes: 3)
        machines.bench.grant("1000")
        machines.bench.tick()
        #expect(machines.orders == ["resume a"])
        if obeys { machines.obey() }
        machines.wait(minutes: 9)
        #expect(machines.say("b", minute: 0) == .tooMany)
        machines.wait(minutes: 2)
        // An order that nobody has carried out stands, until its place is needed.
        #expect(machines.deployment("a")?.lease == (obeys ? LeaseState.none : .resuming))
        #expect(machines.orders == (obeys ? [] : ["resume a"]))
        machines.bench.expectReplayAgrees()
        #expect(machines.say("b", minute: 0) == .taken)
        #expect(machines.orders == [])
    }

    @Test func `a stopped sample does not take what is set aside for a machine that resumes`() {
        let machines = MachineBench("5", [1: Self.timed])
        machines.say(minute: 0)
        machines.say(minutes: 1...1, .stopped)
        machines.bench.grant("20")
        machines.bench.tick()
        #expect(machines.orders == ["resume web"])
        #expect(machines.bench.wallet.held == credits("10"))
        machines.obey()
        machines.say(minutes: 2...3, .stopped)
        #expect(machines.bench.wallet.held == credits("10"))
        #expect(machines.deployment()?.lease == .resuming)
        machines.say(minutes: 4...4)
        #expect(machines.bench.wallet.held == .zero)
        #expect(machines.deployment()?.lease == .open)
    }
}
