import Synchronization

/// What is wrong at the moment, told by the stages and read by loops and people.
///
/// Queue: any thread; asking whether all is well is one atomic load.
final class Health: Sendable {
    /// Where a trouble comes from; each place has at most one at a time.
    enum Place: Int, CaseIterable, Sendable {
        /// Nothing can be taken: the journal cannot be written.
        case journalWrite
        /// Nothing becomes safe: the journal cannot be synced.
        case journalSync
        /// PostgreSQL does not take batches; ingest goes on.
        case store
        /// Nobody can be let in: the process has no descriptor or memory left for a connection.
        case descriptors
        /// Wallets cannot top themselves up, or a connector does not answer.
        case topUps
        /// The rate card on disk is broken; the old one is in force.
        case rates
        /// The daemon must stop.
        case fatal
    }

    private let troubles = Mutex<[Place: String]>([:])
    private let blocking = Atomic<Bool>(false)

    /// Notes a trouble, or that it is over.
    func set(_ place: Place, _ trouble: String?) {
        troubles.withLock { troubles in
            troubles[place] = trouble
            let blocks = troubles[.journalWrite] ?? troubles[.journalSync] ?? troubles[.fatal]
            blocking.store(blocks != nil, ordering: .releasing)
        }
    }

    /// Whether a place is in trouble.
    func has(_ place: Place) -> Bool {
        troubles.withLock { $0[place] != nil }
    }

    /// Why nothing new is taken; nil when all is well.
    var overload: String? {
        guard blocking.load(ordering: .acquiring) else { return nil }
        return troubles.withLock { $0[.journalWrite] ?? $0[.journalSync] ?? $0[.fatal] }
    }

    /// Everything that is wrong, most serious first.
    var all: [String] {
        troubles.withLock { troubles in
            Place.allCases.reversed().compactMap { troubles[$0] }
        }
    }
}
