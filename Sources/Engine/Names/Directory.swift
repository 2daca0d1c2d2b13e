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
final class Directory: Sendable {
    struct Key: Sendable {
        var name: String
        var project: UInt32
        var prefix: String
        var hash: SecretHash
        var generation: UInt32
        var revoked = false
    }

    struct Entry: Sendable {
        var number: UInt32
        var name: String
        var projects: [String] = []
        var keys: [Key] = []
    }

    private struct KeyPlace: Sendable {
        let org: UInt32
        let key: UInt32
    }

    private struct State: Sendable {
        var organisations: [UInt32: Entry] = [:]
        var byName: [String: UInt32] = [:]
        var bySecret: [SecretHash: KeyPlace] = [:]
        var highest: UInt32 = 0
    }

    private let state = Mutex<State>(State())
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
        return state.withLock { state in
            guard let place = state.bySecret[hash],
                let entry = state.organisations[place.org]
            else { return nil }
            let key = entry.keys[Int(place.key) - 1]
            return AccountReference(
                org: place.org,
                key: place.key,
                generation: key.generation,
                project: key.project
            )
        }
    }

    func number(of organisation: String) -> UInt32? {
        state.withLock { $0.byName[organisation] }
    }

    func entry(_ org: UInt32) -> Entry? {
        state.withLock { $0.organisations[org] }
    }

    func project(_ name: String, org: UInt32) -> UInt32? {
        state.withLock { state in
            guard let index = state.organisations[org]?.projects.firstIndex(of: name) else {
                return nil
            }
            return UInt32(index + 1)
        }
    }

    func key(_ name: String, org: UInt32) -> UInt32? {
        state.withLock { state in
            let index = state.organisations[org]?.keys.firstIndex { $0.name == name }
            return index.map { UInt32($0 + 1) }
        }
    }

    /// The name of an organisation, project or key, for people; its number where there is no name.
    func name(of scope: LimitScope, org: UInt32, id: UInt32) -> String {
        state.withLock { state in
            guard let entry = state.organisations[org] else { return "#\(org)" }
            let index = Int(id) - 1
            switch scope {
            case .org: return entry.name
            case .project:
                return entry.projects.indices.contains(index) ? entry.projects[index] : "#\(id)"
            case .key:
                return entry.keys.indices.contains(index) ? entry.keys[index].name : "#\(id)"
            }
        }
    }

    var count: Int { state.withLock { $0.organisations.count } }

    func names(after: String?, limit: Int) -> [String] {
        let all = state.withLock { Array($0.byName.keys) }
        let rest = after.map { after in all.filter { $0 > after } } ?? all
        return Array(rest.sorted().prefix(limit))
    }

    /// Keeps a name for an organisation that is about to be made; nil when it is taken.
    func reserve(_ name: String) -> UInt32? {
        state.withLock { state in
            guard state.byName[name] == nil else { return nil }
            state.highest += 1
            state.byName[name] = state.highest
            return state.highest
        }
    }

    /// Gives a name back whose organisation was not made.
    func unreserve(_ name: String) {
        state.withLock { state in
            guard let number = state.byName[name], state.organisations[number] == nil else {
                return
            }
            state.byName[name] = nil
        }
    }

    /// Takes in what a change says of names; money is the books'.
    func apply(_ change: Change) {
        let org = change.org
        switch change.body {
        case .organisationCreated(let body):
            state.withLock { state in
                state.byName[body.name] = org
                state.organisations[org] = Entry(number: org, name: body.name)
                state.highest = max(state.highest, org)
            }
        case .projectCreated(let body):
            state.withLock { $0.organisations[org]?.projects.append(body.name) }
        case .keyCreated(let body):
            state.withLock { state in
                state.organisations[org]?.keys.append(
                    Key(
                        name: body.name,
                        project: body.project,
                        prefix: body.prefix,
                        hash: body.hash,
                        generation: 1
                    )
                )
                state.bySecret[body.hash] = KeyPlace(org: org, key: body.key)
            }
        case .keyRotated(let body):
            rotate(org, Int(body.key) - 1, body)
        case .keyRevoked(let body):
            state.withLock { $0.organisations[org]?.keys[Int(body.key) - 1].revoked = true }
        default:
            return
        }
        bumpVersion()
    }

    private func rotate(_ org: UInt32, _ index: Int, _ body: KeyRotated) {
        state.withLock { state in
            guard let old = state.organisations[org]?.keys[index].hash else { return }
            state.bySecret[old] = nil
            state.organisations[org]?.keys[index].hash = body.hash
            state.organisations[org]?.keys[index].prefix = body.prefix
            state.organisations[org]?.keys[index].generation = body.generation
            state.bySecret[body.hash] = KeyPlace(org: org, key: body.key)
        }
    }

    /// Takes in an organisation as PostgreSQL has it.
    func load(_ snapshot: OrganisationSnapshot) {
        state.withLock { state in
            var entry = Entry(number: snapshot.org, name: snapshot.name)
            entry.projects = snapshot.projects.map(\.name)
            for key in snapshot.keys {
                entry.keys.append(
                    Key(
                        name: key.created.name,
                        project: key.created.project,
                        prefix: key.created.prefix,
                        hash: key.created.hash,
                        generation: key.generation,
                        revoked: key.revoked
                    )
                )
                state.bySecret[key.created.hash] = KeyPlace(
                    org: snapshot.org,
                    key: key.created.key
                )
            }
            state.organisations[snapshot.org] = entry
            state.byName[snapshot.name] = snapshot.org
            state.highest = max(state.highest, snapshot.org)
        }
    }
}
