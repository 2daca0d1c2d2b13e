import Accounting
import Crypto
import Ingest
import Quantities
import Synchronization
import Wire

/// Who is who: names of organisations, projects and keys, and the hashes of secrets.
///
/// It holds no money; it is rebuilt from the same records as the books.
///
/// Queue: any thread; a lock, taken once for each name and connection, not per event.
/// Cost:  see `DirectoryTables`.
final class Directory: Sendable {
    struct Key: Sendable {
        var name: String
        var project: UInt32
        var prefix: String
        var generation: UInt32
        var revoked = false
    }

    struct Entry: Sendable {
        var number: UInt32
        var name: String
        var projects: [String] = []
        var keys: [Key] = []
    }

    private let tables = Mutex(DirectoryTables())
    private let versionCell = Atomic<UInt64>(1)

    /// Grows whenever a look-up might answer differently than before.
    var version: UInt64 { versionCell.load(ordering: .acquiring) }

    func bumpVersion() {
        versionCell.wrappingAdd(1, ordering: .acquiringAndReleasing)
    }

    /// SHA-256 of a secret: all that is kept of it.
    static func hash(of secret: String) -> SecretHash {
        let digest = SHA256.hash(data: Array(secret.utf8))
        return digest.withUnsafeBytes { bytes in
            SecretHash(
                low: bytes.loadUnaligned(fromByteOffset: 0, as: UInt128.self),
                high: bytes.loadUnaligned(fromByteOffset: 16, as: UInt128.self)
            )
        }
    }

    func account(secret: String) -> AccountReference? {
        let hash = Directory.hash(of: secret)
        return tables.withLock { tables in
            guard let (row, key) = tables.key(hash) else { return nil }
            return AccountReference(
                org: row.org,
                key: key,
                generation: row.generation,
                project: row.project
            )
        }
    }

    func number(of organisation: String) -> UInt32? {
        tables.withLock { $0.number(of: organisation) }
    }

    func entry(_ org: UInt32) -> Entry? {
        tables.withLock { $0.entry(org) }
    }

    func project(_ name: String, org: UInt32) -> UInt32? {
        tables.withLock { $0.project(name, org: org) }
    }

    func key(_ name: String, org: UInt32) -> UInt32? {
        tables.withLock { $0.key(name, org: org) }
    }

    /// The name of an organisation, project or key, for people; its number where there is no name.
    func name(of scope: LimitScope, org: UInt32, id: UInt32) -> String {
        tables.withLock { tables in
            switch scope {
            case .org: tables.name(org) ?? "#\(org)"
            case .project: tables.projectName(id, org: org) ?? "#\(id)"
            case .key: tables.keyName(id, org: org) ?? "#\(id)"
            }
        }
    }

    var count: Int { tables.withLock { $0.count } }

    func names(after: String?, limit: Int) -> [String] {
        tables.withLock { $0.names(after: after, limit: limit) }
    }

    /// Keeps a name for an organisation that is about to be made; nil when it is taken.
    func reserve(_ name: String) -> UInt32? {
        tables.withLock { $0.reserve(name) }
    }

    /// Gives a name back whose organisation was not made.
    func unreserve(_ name: String) {
        tables.withLock { $0.unreserve(name) }
    }

    /// Takes in what a change says of names; money is the books'.
    func apply(_ change: Change) {
        let org = change.org
        switch change.body {
        case .organisationCreated(let body): tables.withLock { $0.create(org, name: body.name) }
        case .projectCreated(let body): tables.withLock { $0.addProject(body.name, org: org) }
        case .keyCreated(let body): tables.withLock { $0.addKey(body, org: org) }
        case .keyRotated(let body): tables.withLock { $0.rotate(body, org: org) }
        case .keyRevoked(let body): tables.withLock { $0.revoke(body.key, org: org) }
        default: return
        }
        bumpVersion()
    }

    /// Takes in an organisation as PostgreSQL has it.
    func load(_ snapshot: OrganisationSnapshot) {
        let org = snapshot.org
        tables.withLock { tables in
            tables.create(org, name: snapshot.name)
            for project in snapshot.projects { tables.addProject(project.name, org: org) }
            for key in snapshot.keys {
                tables.addKey(key.created, org: org, generation: key.generation)
                if key.revoked { tables.revoke(key.created.key, org: org) }
            }
        }
    }
}
