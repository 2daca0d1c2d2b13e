import Accounting
import ControlPlane
import Foundation
import LedgerModel
import Quantities
import Testing

/// Goal: what holds for moments holds over years: days, weeks, months and summers turn in zones of
/// many habits, grants lapse, prices change, and the two keepers still agree after every step.
///
/// Method: the duel at a pace of days, with the machine's own time zones on the book's side and
/// zones written down by hand on the model's. A failure names its seed; `make years SEED=7` runs it
/// again, and `make years SEEDS=1000` many.
@Suite struct YearsTests {
    static let seeds: [UInt64] = {
        let variables = ProcessInfo.processInfo.environment
        if let one = variables["METERD_YEARS_SEED"].flatMap({ UInt64($0) }) { return [one] }
        let count = variables["METERD_YEARS_SEEDS"].flatMap { UInt64($0) } ?? 6
        return Array(1...max(count, 1))
    }()

    private func duel(_ seed: UInt64) -> Duel {
        let all = NaiveZone.places
        let places = (0..<3).map { all[(Int(seed % 1_000_000) + $0) % all.count] }
        return Duel(seed: seed, pace: .days, places: places, calendar: SystemZoneCalendar())
    }

    @Test(arguments: seeds)
    func `book and naive ledger agree over years, and the records rebuild them`(seed: UInt64) {
        let duel = duel(seed)
        let began = duel.now
        duel.run(steps: 1500)
        let days = (duel.now.microseconds - began.microseconds) / 86_400_000_000
        print("years: seed \(seed), \(days) days; again by: make years SEED=\(seed)")
        #expect(duel.difference == nil, "again by: make years SEED=\(seed)")
        guard duel.difference == nil else { return }
        #expect(days > 300, "the run is worth its name")
        for kind in ["debit", "priced", "granted", "overCap", "overBalance", "debt"] {
            #expect(duel.tally[kind, default: 0] > 0, "the run is worth its name: \(duel.tally)")
        }

        let replayed = replay(duel.buffer.bytes, into: duel.freshBook())
        #expect(replayed.digest == duel.book.digest, "seed \(seed)")
        #expect(replayed.all == duel.book.all, "seed \(seed)")

        let empty = AccountModel(
            card: nil,
            checksPrices: false,
            zone: { name in
                NaiveZone.places.first { $0.name == name }?.zone ?? NaiveZone(minutesEast: 0)
            }
        )
        let journal = JournalModel(empty)
        let records = duel.buffer.bytes
        journal.append(records, from: 0, to: UInt64(records.count))
        #expect(journal.violation == nil, "seed \(seed)")
        #expect(journal.difference(duel.book) == nil, "seed \(seed)")
    }

    @Test func `the zones of the model turn their days when those of the machine do`() throws {
        let calendar = SystemZoneCalendar()
        // Hourly from 2026 into 2031, and around each end of a day.
        for (name, zone) in NaiveZone.places {
            var moment: Int64 = 1_767_225_600_000_000
            while moment < 1_930_000_000_000_000 {
                let told = calendar.day(containing: Timestamp(microseconds: moment), zone: name)
                let day = try #require(told)
                let number = Int64(day.day.number)
                let isSame =
                    zone.day(at: moment) == number
                    && zone.start(of: number) == day.start.microseconds
                    && zone.start(of: number + 1) == day.end.microseconds
                try #require(isSame, "\(name) at \(moment): \(day)")
                moment = day.end.microseconds + (number % 2 == 0 ? 0 : 43_200_000_000)
            }
        }
    }
}
