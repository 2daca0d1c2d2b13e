import Accounting
import Quantities
import SimulatedBooks
import Testing

@testable import PostgresStore

/// Goal: the database that the simulation plays with behaves as the real one does.
///
/// Method: the same random records in the same batches, and the same mistakes, to both.
@Suite struct SimulatedDatabaseTests {
    /// One real and one simulated store that are given the same.
    private struct Pair {
        let real: PostgresStore
        let simulated: SimulatedStore

        /// Makes the same call on both; their outcomes must be equal.
        func both<Value: Equatable>(
            _ what: String,
            _ call: (any LedgerStore) throws(StoreError) -> Value
        ) {
            let left = outcome(real, call)
            let right = outcome(simulated, call)
            #expect(left == right, "\(what)")
        }

        private func outcome<Value: Equatable>(
            _ store: any LedgerStore,
            _ call: (any LedgerStore) throws(StoreError) -> Value
        ) -> Outcome<Value> {
            do throws(StoreError) {
                return .answer(try call(store))
            } catch {
                if case .server(let sqlState, _, let during) = error {
                    return .fault(.server(sqlState: sqlState, message: "", during: during))
                }
                return .fault(error)
            }
        }
    }

    private enum Outcome<Value: Equatable>: Equatable {
        case answer(Value)
        case fault(StoreError)
    }

    private func pair(
        _ database: TestDatabase,
        _ simulated: SimulatedDatabase
    ) throws -> Pair {
        let store = simulated.store(node: "node-a")
        try store.connect()
        _ = try store.migrate()
        _ = try store.acquireLease(holder: "daemon-1", seconds: 60, takeOver: false)
        return Pair(real: try database.store(), simulated: store)
    }

    private func simulation() -> SimulatedDatabase {
        SimulatedDatabase(seed: 1) { Journal.noon }
    }

    @Test(arguments: [11, 12, 13, 14] as [UInt64])
    func `random batches leave the same lines and load back the same`(seed: UInt64) throws {
        let database = try TestDatabase()
        let simulated = simulation()
        var pair = try pair(database, simulated)
        var history = RandomHistory(seed: seed)
        for number: UInt32 in 1...3 {
            for kind in NameKind.allCases {
                let name = NameDeclared(kind: kind, number: number, name: "\(kind)-\(number)")
                history.journal.write(.nameDeclared(name))
            }
        }
        var batches = (BatchBuilder(), BatchBuilder())
        var position: UInt64 = 0
        for round in 0..<9 {
            for _ in 0..<(1 + history.generator.below(200)) { history.step() }
            try batches.0.add(block: history.journal.buffer.bytes)
            try history.journal.move(to: batches.1)
            let next = position + UInt64(1 + history.generator.below(1000))
            let left = try pair.real.commit(batches.0, from: position, to: next)
            let right = try pair.simulated.commit(batches.1, from: position, to: next)
            #expect(left.usageLines == right.usageLines, "seed \(seed)")
            #expect(left.ledgerLines == right.ledgerLines, "seed \(seed)")
            #expect(batches.1.isEmpty, "seed \(seed)")
            position = next
            if round % 3 < 2 { continue }
            let since =
                round == 8 ? Timestamp.epoch : history.now.advanced(byMicroseconds: -1 << 34)
            #expect(try load(pair.real, since) == load(pair.simulated, since), "seed \(seed)")
            try compareLines(database, simulated, seed)
            // Both daemons start anew, and go on with what they load.
            pair = try self.pair(database, simulated)
            batches = (BatchBuilder(), BatchBuilder())
            for (producer, set) in try load(pair.real, .never).producers {
                batches.0.restore(producer: producer, progress: set)
                batches.1.restore(producer: producer, progress: set)
            }
        }
    }

    private func load(_ store: any LedgerStore, _ since: Timestamp) throws -> LoadedState {
        var state = LoadedState()
        state.positions = try store.loadAll(identitiesSince: since) { state.items.append($0) }
        return state
    }

    private func compareLines(
        _ database: TestDatabase,
        _ simulated: SimulatedDatabase,
        _ seed: UInt64
    ) throws {
        let reader = try database.reader()
        #expect(!simulated.books.organisations.isEmpty)
        for (org, rows) in simulated.books.organisations {
            var query = TransactionQuery(org: OrgNumber(org))
            query.limit = 100_000
            let lines = try reader.transactions(query).reversed()
            let mine = rows.lines.map { $0.read(rows, simulated.books) }
            #expect(Array(lines) == mine, "seed \(seed), organisation \(org)")
        }
    }

    @Test func `the same mistakes are refused in the same words`() throws {
        let database = try TestDatabase()
        let pair = try pair(database, simulation())
        pair.both("a batch that does not follow") { (store) throws(StoreError) in
            try store.commit(batch { $0.create(1) }, from: 7, to: 9)
        }
        pair.both("usage of an unknown organisation") { (store) throws(StoreError) in
            try store.commit(batch { $0.write(Journal.usage(5, .zero)) }, from: 0, to: 9)
        }
        pair.both("the first organisation") { (store) throws(StoreError) in
            try store.commit(batch { $0.create(1) }, from: 0, to: 10)
        }
        pair.both("the same organisation again") { (store) throws(StoreError) in
            try store.commit(batch { $0.create(1) }, from: 10, to: 20)
        }
        pair.both("a hold that is not there") { (store) throws(StoreError) in
            let released = HoldReleased(hold: 3, lapsed: true)
            return try store.commit(
                batch { $0.write(.holdReleased(released), org: 1) },
                from: 10,
                to: 20
            )
        }
        pair.both("a draw from a grant that is not there") { (store) throws(StoreError) in
            let usage = Journal.usage(1, Amount(credits: 1))
            return try store.commit(batch { $0.write(usage) }, from: 10, to: 20)
        }
        pair.both("a draw of more than there is") { (store) throws(StoreError) in
            let overdrawn = try batch {
                $0.grant(1, 1, Amount(credits: 1))
                $0.write(Journal.usage(1, Amount(credits: 2)))
            }
            return try store.commit(overdrawn, from: 10, to: 20)
        }
        pair.both("nothing of it is there") { (store) throws(StoreError) in
            try store.checkpoint()
        }
    }

    /// A batch of its own for each store.
    private func batch(
        sections: Int = 2,
        _ write: (Journal) -> Void
    ) throws(StoreError) -> BatchBuilder {
        let journal = Journal()
        write(journal)
        let batch = BatchBuilder(sections: sections)
        try batch.add(block: journal.buffer.bytes)
        return batch
    }

    @Test func `the lease goes the same ways`() throws {
        let database = try TestDatabase()
        let pair = try pair(database, simulation())
        pair.both("the same holder again") { (store) throws(StoreError) in
            try store.acquireLease(holder: "daemon-1", seconds: 60, takeOver: false)
        }
        pair.both("another holder") { (store) throws(StoreError) in
            try store.acquireLease(holder: "daemon-2", seconds: 60, takeOver: false)
        }
        let thief = try database.store(holder: "daemon-1")
        _ = try thief.acquireLease(holder: "daemon-2", seconds: 60, takeOver: true)
        let simulatedThief = pair.simulated.neighbour()
        try simulatedThief.connect()
        _ = try simulatedThief.acquireLease(holder: "daemon-1", seconds: 60, takeOver: false)
        _ = try simulatedThief.acquireLease(holder: "daemon-2", seconds: 60, takeOver: true)
        pair.both("a lease that was taken over") { (store) throws(StoreError) in
            try store.renewLease(seconds: 60)
            return true
        }
        pair.both("a batch behind an old fence") { (store) throws(StoreError) in
            try store.commit(batch { $0.create(1) }, from: 0, to: 9)
        }
        pair.both("a checkpoint behind an old fence") { (store) throws(StoreError) in
            try store.checkpoint()
        }
        pair.both("loading behind an old fence") { (store) throws(StoreError) in
            try store.loadAll(identitiesSince: .epoch) { _ in }
        }
        pair.both("giving it back") { (store) throws(StoreError) in
            try store.releaseLease()
            return true
        }
        pair.both("writing after it was given back") { (store) throws(StoreError) in
            try store.commit(batch { $0.create(1) }, from: 0, to: 9)
        }
    }

    @Test(arguments: [1, 2])
    func `a commit whose answer is lost is done or not, and the checkpoint tells`(
        sections: Int
    ) throws {
        var (done, uneven) = (0, 0)
        for seed: UInt64 in 0..<60 {
            let simulated = SimulatedDatabase(seed: seed) { Journal.noon }
            let store = simulated.store(node: "node-a")
            try store.connect()
            _ = try store.acquireLease(holder: "daemon-1", seconds: 60, takeOver: false)
            simulated.faults.droppedAfter = 1
            let batch = try batch(sections: sections) { $0.create(1) }
            #expect(throws: StoreError.self) { try store.commit(batch, from: 0, to: 9) }
            #expect(throws: StoreError.self) { try store.checkpoint() }
            simulated.faults = DatabaseFaults()
            try store.connect()
            let found = try store.checkpoint()
            let isLevel = simulated.books.positions["node-a"]?.isLevel ?? true
            if isLevel {
                let created = simulated.books.organisations.count
                #expect(created == (found == 9 ? 1 : 0), "seed \(seed)")
            } else {
                uneven += 1
            }
            if found == 9 {
                done += 1
                batch.markStored()
            } else {
                _ = try store.commit(batch, from: 0, to: 9)
            }
            #expect(try store.checkpoint() == 9)
            #expect(simulated.books.organisations.count == 1, "seed \(seed)")
            simulated.check()
            #expect(simulated.violation == nil, "seed \(seed)")
        }
        // The connection breaks with the first section's transaction: the second's is never sent.
        let happened = sections == 1 ? done : uneven
        #expect(happened > 10 && happened < 50, "both happen")
    }
}

extension StoredLine {
    /// The line as a reader of the real database gets it.
    fileprivate func read(_ rows: StoredOrganisation, _ books: StoredBooks) -> LedgerLine {
        // What a correction is about stands in a table of its own.
        let isUsage = kind == .usage
        return LedgerLine(
            line: line,
            kind: kind,
            amount: amount,
            balance: balance,
            appliedAt: appliedAt,
            at: at,
            model: isUsage ? books.name(.model, model) : nil,
            key: isUsage ? rows.keys[key]?.created.name : nil,
            project: isUsage ? rows.projects[project] : nil,
            price: price,
            grant: grant,
            requestID: requestID,
            session: session.isEmpty ? nil : session,
            reference: reference,
            note: note
        )
    }
}
