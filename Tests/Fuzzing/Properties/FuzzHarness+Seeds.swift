import Accounting
import Journaling
import Quantities
import SettingsFiles
import Wire

extension FuzzHarness {
    /// Good inputs to begin with, made by the encoders; the committed corpus holds them.
    public var seeds: [(name: String, bytes: [UInt8])] {
        switch self {
        case .binary: WireSeeds.frames
        case .lines: WireSeeds.lines
        case .journal: JournalSeeds.all
        case .records: RecordSeeds.all
        case .settings: TextSeeds.settings
        case .rates: TextSeeds.rates
        }
    }
}

/// Journals with something in them, and what to do to journals.
enum JournalSeeds {
    static var all: [(name: String, bytes: [UInt8])] {
        var seeds: [(name: String, bytes: [UInt8])] = [
            ("no-damage", [1, 6, 8, 0x88, 16, 0x90, 63, 1]),
            ("damage-in-the-tail", [1, 4, 8, 8, 8, 8, 200, 0, 1]),
            ("damage-in-synced", [3, 8, 8, 8, 8, 8, 8, 8, 8, 8, 70, 0, 0x80, 72, 0, 1]),
            ("damage-over-segments", [3, 31] + [UInt8](repeating: 63, count: 31) + [80, 6, 4]),
        ]
        for (name, blocks) in [("one-block", 1), ("some-blocks", 4), ("two-segments", 9)] {
            guard let image = image(blocks) else { continue }
            seeds.append((name, [0, 0, 0] + image))
            seeds.append((name + "-repaired", [2, 0, 0] + image))
        }
        return seeds
    }

    /// The files of a journal with so many blocks, one behind the other; nil when there is no room.
    private static func image(_ blocks: Int) -> [UInt8]? {
        let storage = MemoryStorage()
        do throws(JournalError) {
            let journal = try Journal(storage: storage, settings: JournalProperties.settings)
            let (writer, syncer) = (journal.takeWriter(), journal.takeSyncer())
            for number in 0..<blocks {
                let body = [UInt8](repeating: UInt8(number + 1), count: 8 * (number % 8) + 5)
                _ = body.withUnsafeBytes { writer.append($0) }
                try writer.writeBlock()
                if number % 2 == 1 { try syncer.sync() }
            }
        } catch {
            return nil
        }
        let files = storage.images.filter { $0.key.hasSuffix(".log") }
        return files.sorted { $0.key < $1.key }.flatMap(\.value)
    }
}

/// A record of each kind.
enum RecordSeeds {
    static var all: [(name: String, bytes: [UInt8])] {
        let buffer = RecordBuffer()
        var usage = UsageChange()
        usage.org = 7
        usage.tokens = TokenCounts(input: 1000, cacheRead: 600, output: 50, reasoning: 20)
        usage.charge = Amount(units: 21)
        usage.draws = draws(2)
        usage.identity = 99
        usage.content = 98
        var seeds = changes.map { name, body in
            let buffer = RecordBuffer()
            let change = Change(appliedAt: Timestamp(microseconds: 99), org: 7, body: body)
            change.encode(into: buffer)
            return (name: name, bytes: Array(buffer.bytes))
        }
        let text = Array("req-1".utf8)
        text.withUnsafeBytes { usage.encode(into: buffer, id: $0, session: $0) }
        usage.identity = 0
        usage.content = 0
        usage.draws = draws(1)
        text.withUnsafeBytes { usage.encode(into: buffer, id: $0, session: $0) }
        seeds.append(("usage", Array(buffer.bytes)))
        return seeds
    }

    private static let today = ZonedDay(
        day: CivilDay(number: 20_513),
        start: Timestamp(microseconds: 1_772_323_200_000_000),
        end: Timestamp(microseconds: 1_772_409_600_000_000)
    )

    private static func draws(_ count: UInt32) -> Draws {
        var draws = Draws()
        for grant in 0..<count {
            draws.append(Draw(grant: grant + 1, amount: Amount(units: 10 + Int128(grant))))
        }
        return draws
    }

    private static var changes: [(name: String, body: Change.Body)] {
        let hash = SecretHash(low: 1, high: 2)
        let at = Timestamp(microseconds: 1_772_359_200_000_000)
        let grant = GrantIssued(
            grant: 7,
            grantClass: .promotional,
            amount: Amount(units: 5),
            priority: -3,
            effectiveAt: at,
            expiresAt: .never,
            active: true,
            debtPaid: .zero,
            identity: 3,
            content: 4,
            reference: "pay-1",
            note: "é"
        )
        let placed = HoldPlaced(
            hold: 5,
            project: 2,
            key: 3,
            model: 4,
            expiresAt: at,
            draws: draws(2)
        )
        return [
            (
                "organisation",
                .organisationCreated(OrganisationCreated(name: "acme", zone: "UTC", today: today))
            ),
            (
                "closed",
                .organisationClosed(OrganisationClosed(forfeited: draws(2), reason: "asked"))
            ),
            (
                "key",
                .keyCreated(KeyCreated(key: 3, project: 2, name: "k", prefix: "mk", hash: hash))
            ),
            ("rotated", .keyRotated(KeyRotated(key: 3, generation: 2, prefix: "mk", hash: hash))),
            ("grant", .grantIssued(grant)),
            ("hold", .holdPlaced(placed)),
            ("extended", .holdExtended(HoldExtended(hold: 5, expiresAt: at, draws: draws(1)))),
            (
                "cap",
                .capChanged(CapChanged(scope: .key, id: 3, period: .week, amount: Amount(units: 9)))
            ),
            ("day", .dayTurned(DayTurned(today: today))),
            ("name", .nameDeclared(NameDeclared(kind: .provider, number: 6, name: "anthropic"))),
            (
                "price",
                .priceDeclared(
                    PriceDeclared(price: 1, model: "m", effectiveFrom: at, text: "input 3")
                )
            ),
        ]
    }
}
