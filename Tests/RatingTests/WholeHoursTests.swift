import Quantities
import Rating
import Testing

/// Goal: hours are charged in advance, the first at the start, and a begun one counts whole.
///
/// Method: the worked numbers, the microseconds around full hours, and a price that changes.
@Suite struct WholeHoursTests {
    private let ten = moment("2026-03-01T10:00:00Z")

    @Test func `from 10 to 19:05 are ten entries at the full hours, 600 in all`() throws {
        let table = try workedMachines()
        let machine = try #require(table.machine(named: "gpu-s"))
        let end = moment("2026-03-01T19:05:00Z")
        var now = ten
        var charged: Int64 = 0
        var sum = Amount.zero
        var times: [String] = []
        // A clock that looks every 37 seconds, as a heartbeat or a timer would.
        while now <= end {
            while charged < WholeHours.due(afterRunning: now.microseconds - ten.microseconds) {
                charged += 1
                let charge = table.charge(ofHour: charged, startedAt: ten, machine: machine)
                sum += try #require(charge).amount
                times.append("\(WholeHours.beginning(ofHour: charged, startedAt: ten))")
            }
            now = now.advanced(byMicroseconds: 37_000_000)
        }
        #expect(sum.description == "600")
        #expect(times == (10...19).map { "2026-03-01T\($0):00:00Z" })
        let length = end.microseconds - ten.microseconds
        #expect(WholeHours.begun(inRunOf: length) == 10)
        #expect(
            WholeHours.nextDue(afterHours: 10, startedAt: ten) == moment("2026-03-01T20:00:00Z")
        )
    }

    @Test(
        arguments: [
            (-1, 0, 1), (0, 1, 1), (1, 1, 1), (3_599_999_999, 1, 1), (3_600_000_000, 2, 1),
            (3_600_000_001, 2, 2), (7_200_000_000, 3, 2),
        ] as [(Int64, Int64, Int64)]
    )
    func `at a full hour the next is due while it runs, and not when it ended`(
        microseconds: Int64,
        due: Int64,
        begun: Int64
    ) {
        #expect(WholeHours.due(afterRunning: microseconds) == due)
        #expect(WholeHours.begun(inRunOf: microseconds) == begun)
    }

    @Test func `the ends of time are reached and not passed`() {
        let last = WholeHours.due(afterRunning: .max)
        #expect(last == Int64.max / 3_600_000_000 + 1)
        #expect(WholeHours.begun(inRunOf: .max) == last)
        #expect(WholeHours.beginning(ofHour: .max, startedAt: ten) == .never)
        #expect(WholeHours.beginning(ofHour: last, startedAt: ten) == .never)
        #expect(WholeHours.nextDue(afterHours: .max, startedAt: ten) == .never)
        #expect(WholeHours.nextDue(afterHours: 0, startedAt: ten) == ten)
    }

    @Test func `an hour has the price of the moment when it begins`() throws {
        let table = try machineTable([
            MachineRates(
                name: "m",
                versions: [
                    MachineVersion(
                        effectiveFrom: ten,
                        running: try machinePrices([.hour: "60"]),
                        stopped: try machinePrices([.hour: "5"])
                    ),
                    MachineVersion(
                        effectiveFrom: ten.advanced(byMicroseconds: 2 * oneHour),
                        running: try machinePrices([.hour: "70"])
                    ),
                ]
            )
        ])
        func charge(_ hour: Int64, _ start: Timestamp, _ state: MachineState) -> String? {
            let charge = table.charge(ofHour: hour, startedAt: start, machine: 0, state: state)
            return charge.map { "\($0.amount) by \($0.version)" }
        }
        #expect(charge(1, ten, .running) == "60 by 0")
        #expect(charge(2, ten, .running) == "60 by 0")
        #expect(charge(3, ten, .running) == "70 by 1")
        #expect(charge(2, ten, .stopped) == "5 by 0")
        // A stopped hour that nobody priced is free.
        #expect(charge(3, ten, .stopped) == "0 by 1")
        let early = ten.advanced(byMicroseconds: -1)
        #expect(charge(1, early, .running) == nil)
        #expect(charge(3, early, .running) == "60 by 0")
        #expect(charge(4, early, .running) == "70 by 1")
    }

    @Test func `a balance of 1,100 pays for three hours of 350`() throws {
        let table = try workedMachines()
        let machine = try #require(table.machine(named: "gpu-l-16bit"))
        let price = try #require(table.charge(ofHour: 1, startedAt: ten, machine: machine)).amount
        #expect(price == Amount(credits: 350))
        let hour = MachinePrice(units: Int64(price.units))
        #expect(hour.count(coveredBy: Amount(credits: 1_100)) == 3)
        #expect(hour.count(coveredBy: Amount(credits: 1_050)) == 3)
        #expect(hour.count(coveredBy: try Amount(decimal: "1049.999999999999")) == 2)
        #expect(hour.count(coveredBy: Amount(credits: -1)) == 0)
        #expect(hour.count(coveredBy: .max) == .max)
        let most = Amount(credits: .max)
        #expect(hour.count(coveredBy: most) == Int64.max / 350)
        #expect(MachinePrice(units: 1).count(coveredBy: .max) == .max)
        #expect(MachinePrice.free.count(coveredBy: .zero) == .max)
        #expect(MachinePrice.free.count(coveredBy: Amount(credits: -1)) == 0)
        let rate = table.content(ofVersion: 2).burnRate(.running, MachineAllocation())
        #expect(rate.perHour == price)
        #expect(rate.perSecond.description == "0.097222222222")
        #expect(table.content(ofVersion: 2).burnRate(.stopped, workedAllocation) == .zero)
        #expect(table.content(ofVersion: 2).sentGib == .free)
    }

    @Test func `only a machine by the hour has hours`() async {
        await #expect(processExitsWith: .failure) {
            _ = try workedMachines().charge(ofHour: 1, startedAt: .epoch, machine: 0)
        }
    }
}
