import Accounting
import Ingest
import Quantities
import Testing
import Wire

@testable import Engine

@Suite
struct DirectoryTests {
    @Test(arguments: 1...4)
    func `it answers as plain dictionaries do`(seed: UInt64) {
        var duel = DirectoryDuel(seed: seed)
        for _ in 0..<3_000 { duel.step() }
        duel.expectSame()
    }

    @Test
    func `names come in alphabetical order, page by page`() {
        let directory = Directory()
        var random = TableRandom(seed: 5)
        var names: Set<String> = []
        while names.count < 250 { names.insert("n\(random.below(100_000))") }
        for (index, name) in names.enumerated() {
            directory.apply(.organisation(UInt32(index + 1), name))
        }
        var listed: [String] = []
        while true {
            let page = directory.names(after: listed.last, limit: 7)
            listed += page
            if page.count < 7 { break }
        }
        #expect(listed == names.sorted())
        #expect(directory.names(after: nil, limit: 0).isEmpty)
    }

    @Test
    func `a name that is kept is taken, and free again when it is given back`() {
        let directory = Directory()
        let number = directory.reserve("acme")
        #expect(number == 1)
        #expect(directory.reserve("acme") == nil)
        #expect(directory.entry(1) == nil)
        #expect(directory.count == 0)
        directory.unreserve("acme")
        #expect(directory.number(of: "acme") == nil)
        #expect(directory.reserve("acme") == 2, "a number is not given twice")
        directory.apply(.organisation(2, "acme"))
        directory.unreserve("acme")
        #expect(directory.number(of: "acme") == 2, "an organisation keeps its name")
        #expect(directory.count == 1)
    }

    @Test
    func `a secret that was replaced is not known any more`() throws {
        let directory = Directory()
        directory.apply(.organisation(9, "acme"))
        for key in 1...5 as ClosedRange<UInt32> {
            directory.apply(.key(key, of: 9, secret: "old-\(key)", project: key % 2))
        }
        let hash = Directory.hash(of: "new")
        let rotated = KeyRotated(key: 3, generation: 2, prefix: "mk_n", hash: hash)
        directory.apply(Change(appliedAt: .epoch, org: 9, body: .keyRotated(rotated)))
        #expect(directory.account(secret: "old-3") == nil)
        let account = try #require(directory.account(secret: "new"))
        #expect(account.org == 9)
        #expect(account.key == 3)
        #expect(account.generation == 2)
        #expect(account.project == 1)
        #expect(directory.account(secret: "old-5")?.key == 5)
        #expect(directory.entry(9)?.keys[2].prefix == "mk_n")
    }

    @Test
    func `what has no name is shown by its number`() {
        let directory = Directory()
        #expect(directory.name(of: .org, org: 4, id: 0) == "#4")
        directory.apply(.organisation(4, "acme"))
        #expect(directory.name(of: .org, org: 4, id: 0) == "acme")
        #expect(directory.name(of: .project, org: 4, id: 1) == "#1")
        #expect(directory.name(of: .key, org: 4, id: 0) == "#0")
    }
}

extension Change {
    static func organisation(_ org: UInt32, _ name: String) -> Change {
        let today = ZonedDay(day: CivilDay(number: 0), start: .epoch, end: .never)
        let body = OrganisationCreated(name: name, zone: "UTC", today: today)
        return Change(appliedAt: .epoch, org: org, body: .organisationCreated(body))
    }

    static func key(_ key: UInt32, of org: UInt32, secret: String, project: UInt32 = 0) -> Change {
        let body = KeyCreated(
            key: key,
            project: project,
            name: "key-\(key)",
            prefix: "mk_\(key)",
            hash: Directory.hash(of: secret)
        )
        return Change(appliedAt: .epoch, org: org, body: .keyCreated(body))
    }
}

/// A directory beside the plainest thing that answers the same.
private struct DirectoryDuel {
    private struct Key {
        var secret: String
        var project: UInt32
        var generation: UInt32 = 1
        var revoked = false
    }

    private struct Entry {
        var name: String
        var projects: [String] = []
        var keys: [Key] = []
    }

    private let directory = Directory()
    private var random: TableRandom
    private var model: [UInt32: Entry] = [:]
    private var lastSecret = 0
    private var highest: UInt32 = 0

    init(seed: UInt64) {
        random = TableRandom(seed: seed)
    }

    private mutating func secret() -> String {
        lastSecret += 1
        return "secret-\(lastSecret)"
    }

    mutating func step() {
        // A few organisations get most of the keys.
        let org = UInt32(random.below(random.below(Int(highest) + 1) + 1)) + 1
        switch random.below(10) {
        case 0:
            let name = "name-\(random.below(2_000))"
            let isTaken = model.values.contains { $0.name == name }
            let number = directory.reserve(name)
            #expect((number == nil) == isTaken)
            guard let number else { return }
            #expect(number == highest + 1)
            highest = number
            if random.below(5) == 0 {
                directory.unreserve(name)
            } else {
                directory.apply(.organisation(number, name))
                model[number] = Entry(name: name)
            }
        case 1, 2:
            guard model[org] != nil else { return }
            let name = "project-\(random.below(1_000_000))"
            let number = UInt32((model[org]?.projects.count ?? 0) + 1)
            let body = ProjectCreated(project: number, name: name)
            directory.apply(Change(appliedAt: .epoch, org: org, body: .projectCreated(body)))
            model[org]?.projects.append(name)
        case 3, 4, 5, 6:
            guard let entry = model[org] else { return }
            let secret = secret()
            let project = UInt32(random.below(3))
            let number = UInt32(entry.keys.count + 1)
            directory.apply(.key(number, of: org, secret: secret, project: project))
            model[org]?.keys.append(Key(secret: secret, project: project))
        default: changeKey(of: org)
        }
    }

    private mutating func changeKey(of org: UInt32) {
        guard let entry = model[org], !entry.keys.isEmpty else { return }
        let index = random.below(entry.keys.count)
        let number = UInt32(index + 1)
        if random.below(4) == 0 {
            let body = KeyRevoked(key: number)
            directory.apply(Change(appliedAt: .epoch, org: org, body: .keyRevoked(body)))
            model[org]?.keys[index].revoked = true
            return
        }
        let secret = secret()
        let generation = entry.keys[index].generation + 1
        let body = KeyRotated(
            key: number,
            generation: generation,
            prefix: "mk_\(secret)",
            hash: Directory.hash(of: secret)
        )
        directory.apply(Change(appliedAt: .epoch, org: org, body: .keyRotated(body)))
        #expect(directory.account(secret: entry.keys[index].secret) == nil)
        model[org]?.keys[index].secret = secret
        model[org]?.keys[index].generation = generation
    }

    func expectSame() {
        #expect(directory.count == model.count)
        for (org, entry) in model {
            #expect(directory.number(of: entry.name) == org)
            let found = directory.entry(org)
            #expect(found?.name == entry.name)
            #expect(found?.projects == entry.projects)
            #expect(found?.keys.map(\.revoked) == entry.keys.map(\.revoked))
            for (index, project) in entry.projects.enumerated() {
                let first = (entry.projects.firstIndex(of: project) ?? index) + 1
                #expect(directory.project(project, org: org) == UInt32(first))
            }
            for (index, key) in entry.keys.enumerated() {
                let number = UInt32(index + 1)
                let account = directory.account(secret: key.secret)
                #expect(account?.org == org)
                #expect(account?.key == number)
                #expect(account?.generation == key.generation)
                #expect(account?.project == key.project)
                #expect(directory.key("key-\(number)", org: org) == number)
                #expect(directory.name(of: .key, org: org, id: number) == "key-\(number)")
            }
        }
        #expect(directory.names(after: nil, limit: 5_000) == model.values.map(\.name).sorted())
    }
}
