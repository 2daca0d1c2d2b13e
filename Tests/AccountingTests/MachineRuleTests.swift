import Accounting
import Quantities
import Testing

/// Goal: what a machine says can neither charge what has not happened, nor charge anything twice,
/// nor run unbilled; whatever boot, name, mode or uptime it speaks of.
///
/// Method: a book under a clock that the test moves, with prices that are whole credits an hour.
@Suite struct MachineRuleTests {
    private typealias Entry = ListedMachinePrices.Entry
    private static let hourly = Entry(mode: .hourly, running: 60)
    private static let timed = Entry(mode: .continuous, running: 36, gib: 10)

    // MARK: - What has not happened

    @Test(arguments: [UInt64(36_360_000), 1_000_000_000_000_000, 9_300_000_000_000_000, .max])
    func `an uptime that leads beyond the present is refused and charges nothing`(uptime: UInt64) {
        for entry in [Self.hourly, Self.timed] {
            let machines = MachineBench("1000", [1: entry])
            machines.say(minute: 0)
            machines.say(minutes: 1...6)
            let before = machines.balance
            // Microseconds of ten hours, as milliseconds; and what no clock can have told.
            #expect(machines.sample(milliseconds: uptime) == .uptimeOutOfRange)
            #expect(machines.balance == before)
            machines.bench.tick()
            machines.say(minutes: 7...7)
            #expect(machines.deployment()?.run?.uptime == 420_000)
            machines.bench.expectReplayAgrees()
        }
    }

    @Test func `an uptime may lead as far beyond the present as a time may lie`() {
        let machines = MachineBench("1000", [1: Self.timed])
        machines.bench.book.runRules.aheadMicroseconds = 300 * second
        machines.say(minute: 0)
        #expect(machines.sample(milliseconds: 300_001) == .uptimeOutOfRange)
        #expect(machines.sample(milliseconds: 300_000) == .taken)
    }

    @Test func `a boot before 1970 is refused`() {
        let machines = MachineBench("1000", [1: Self.hourly])
        #expect(machines.sample(milliseconds: .max) == .uptimeOutOfRange)
        #expect(machines.sample(milliseconds: 2_000_000_000_000) == .uptimeOutOfRange)
        #expect(machines.bench.book.deployments(of: 1).isEmpty)
    }

    @Test func `who was not heard of for longer than may be told late begins another run`() {
        let machines = MachineBench("1000", [1: Self.hourly])
        machines.say(minute: 0)
        machines.bench.wait(400 * day)
        // As after a long outage of the daemon: nobody's silence counts from before.
        machines.bench.book.listensSince = machines.bench.now
        machines.say(minute: 400 * 24 * 60)
        #expect(machines.charges == ["10:00 60", "10:00 60"])
        #expect(machines.deployment()?.run?.number == 2)
        machines.bench.expectReplayAgrees()
    }

    // MARK: - Nothing twice

    @Test func `a machine that is charged by time from now on is not charged for its paid hour`() {
        let machines = MachineBench("1000", [1: Self.hourly])
        machines.say(minute: 0)
        machines.say(minutes: 1...30)
        machines.reload([1: Self.timed])
        machines.say(minutes: 31...90)
        machines.bench.book.bringUp(1, to: machines.bench.now, into: machines.bench.buffer)
        // 60 for the hour from 10:00 on, and half an hour of 36 after it.
        #expect(machines.balance == "922")
        #expect(machines.deployment()?.run?.number == 2)
        #expect(machines.deployment()?.run?.mode == .continuous)
        machines.bench.expectReplayAgrees()
    }

    @Test func `a machine that is charged by the hour from now on begins its hours there`() {
        let machines = MachineBench("1000", [1: Self.timed])
        machines.say(minute: 0)
        machines.say(minutes: 1...30)
        machines.reload([1: Self.hourly])
        machines.say(minutes: 31...89)
        // Half an hour of 36, and the hour from 10:30 on.
        #expect(machines.balance == "922")
        machines.say(minutes: 90...90)
        #expect(machines.balance == "862")
        #expect(machines.charges.suffix(2) == ["10:30 60", "11:30 60"])
        machines.bench.expectReplayAgrees()
    }

    @Test func `an hour that falls due between a reload and the next sample is not given away`() {
        let machines = MachineBench("1000", [1: Self.hourly])
        machines.say(minute: 0)
        machines.say(minutes: 1...59)
        machines.reload([1: Self.timed])
        machines.bench.wait(90 * second)
        machines.bench.tick()
        machines.sample(milliseconds: 3_630_000)
        machines.say(minutes: 62...120)
        machines.bench.book.bringUp(1, to: machines.bench.now, into: machines.bench.buffer)
        #expect(machines.balance == "904")
        machines.bench.expectReplayAgrees()
    }

    @Test func `a boot that moves to another machine goes on in the hour that is paid`() {
        let machines = MachineBench(
            "1000",
            [1: Self.hourly, 2: Entry(mode: .hourly, running: 100)]
        )
        machines.say(minute: 0)
        machines.say("web", 1, minutes: 1...30)
        machines.say("web", 2, minutes: 31...90)
        #expect(machines.charges == ["10:00 60", "11:00 100"])
        // A late sample of the machine before says nothing.
        #expect(machines.say("web", 1, minute: 80) == .unchanged)
        machines.bench.wait(60 * second)
        #expect(machines.say("web", 1, minute: 91) == .taken)
        machines.say("web", 1, minutes: 92...120)
        #expect(machines.charges == ["10:00 60", "11:00 100", "12:00 60"])
        #expect(machines.deployment()?.run?.number == 3)
        #expect(machines.deployment()?.boots == [])
        machines.bench.expectReplayAgrees()
    }

    @Test func `a boot that moves to another machine is not charged again for what it sent`() {
        let machines = MachineBench("1000", [1: Self.timed, 2: Self.timed])
        machines.say(minute: 0)
        machines.bench.wait(60 * second)
        machines.say(minute: 1, sent: 1 << 30)
        machines.bench.wait(60 * second)
        machines.say("web", 2, minute: 2, sent: 1 << 30)
        machines.bench.wait(60 * second)
        machines.say("web", 2, minute: 3, sent: 2 << 30)
        machines.bench.book.bringUp(1, to: machines.bench.now, into: machines.bench.buffer)
        // Three minutes of 0.6, two GiB of 10.
        #expect(machines.balance == "978.2")
        machines.bench.expectReplayAgrees()
    }

    // MARK: - Stopped machines

    @Test func `the hours of a stopped machine are booked as they begin, and it is told nothing`() {
        let machines = MachineBench("65", [1: Entry(mode: .hourly, running: 60, stopped: 6)])
        machines.say(minute: 0)
        machines.say(minutes: 1...30)
        machines.say(minutes: 31...190, .stopped)
        // 11:00, 12:00 and 13:00: 5 - 18.
        #expect(machines.balance == "-13")
        #expect(machines.orders == [])
        machines.bench.grant("100")
        machines.wait(minutes: 1)
        #expect(machines.orders == [])
        #expect(machines.deployment()?.lease == .open)
        machines.bench.wait(60 * second)
        machines.say(minute: 192)
        #expect(machines.charges.suffix(2) == ["13:00 6", "13:12 60"])
        machines.bench.expectReplayAgrees()
    }

    @Test func `who had stopped before an hour was refused is told nothing`() {
        let machines = MachineBench("65", [1: Self.hourly])
        machines.say(minute: 0)
        machines.say(minutes: 1...59)
        machines.bench.wait(60 * second)
        machines.bench.tick()
        #expect(machines.orders == ["stop web"])
        // What it said ten seconds before has taken its time.
        machines.sample(milliseconds: 3_590_000, .stopped)
        #expect(machines.orders == [])
        machines.bench.grant("100")
        machines.bench.tick()
        #expect(machines.orders == [])
        #expect(machines.deployment()?.lease == LeaseState.none)
        machines.bench.expectReplayAgrees()
    }

    @Test func `who was told to stop pays its stopped hours and resumes after the debt`() {
        let machines = MachineBench("65", [1: Entry(mode: .hourly, running: 60, stopped: 6)])
        machines.say(minute: 0)
        machines.say(minutes: 1...60)
        #expect(machines.orders == ["stop web"])
        machines.say(minutes: 61...130, .stopped)
        // The hour that was refused is one of a stopped machine, and so is the next.
        #expect(machines.charges == ["10:00 60", "11:00 6", "12:00 6"])
        machines.bench.grant("66")
        machines.bench.tick()
        #expect(machines.orders == [])
        machines.bench.grant("1")
        machines.bench.tick()
        #expect(machines.orders == ["resume web"])
        machines.say(minutes: 131...131)
        #expect(machines.charges.suffix(1) == ["12:11 60"])
        #expect(machines.balance == "0")
        machines.bench.expectReplayAgrees()
    }
}
