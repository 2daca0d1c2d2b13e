import Quantities
import Wire

/// The names that one connection has used, with what they were found to mean.
///
/// Binary connections number their names themselves; JSON lines are looked up by their text. Both
/// lead to an entry that remembers its meaning until a look-up might answer differently.
struct NameTable: ~Copyable {
    var keys = NameColumn()
    var organisations = NameColumn()
    var projects = NameColumn()
    var models = NameColumn()
    var providers = NameColumn()
    var machines = NameColumn()
    private(set) var bytes = 0

    /// What a name costs beside its text.
    private static let entryBytes = 96
    /// From how many on the meanings do not stay in the processor's first caches.
    private static let many = 8192

    /// Adds a name under the next index of its kind.
    mutating func define(_ kind: NameKind, _ text: UnsafeRawBufferPointer) {
        bytes += text.count + NameTable.entryBytes
        switch kind {
        case .key: keys.append(text)
        case .org: organisations.append(text)
        case .project: projects.append(text)
        case .model: models.append(text)
        case .provider: providers.append(text)
        case .machine: machines.append(text)
        }
    }

    /// The index of a text, which is added when it is new; forgets all when that would be too much.
    mutating func index(
        of kind: NameKind,
        text: UnsafeRawBufferPointer,
        limit: Int
    ) -> UInt32 {
        let hash = NameColumn.hash(text)
        if let index = find(kind, text, hash: hash) { return index }
        if bytes + text.count + NameTable.entryBytes > limit { self = NameTable() }
        define(kind, text)
        switch kind {
        case .key: return keys.index(hash: hash)
        case .org: return organisations.index(hash: hash)
        case .project: return projects.index(hash: hash)
        case .model: return models.index(hash: hash)
        case .provider: return providers.index(hash: hash)
        case .machine: return machines.index(hash: hash)
        }
    }

    private func find(
        _ kind: NameKind,
        _ text: UnsafeRawBufferPointer,
        hash: UInt64
    ) -> UInt32? {
        switch kind {
        case .key: keys.find(text, hash: hash)
        case .org: organisations.find(text, hash: hash)
        case .project: projects.find(text, hash: hash)
        case .model: models.find(text, hash: hash)
        case .provider: providers.find(text, hash: hash)
        case .machine: machines.find(text, hash: hash)
        }
    }

    /// What is known of a name of a kind.
    @inline(__always)
    func meaning(_ kind: NameKind, _ index: UInt32) -> UnsafeMutablePointer<NameMeaning>? {
        switch kind {
        case .key: keys.meaning(index)
        case .org: organisations.meaning(index)
        case .project: projects.meaning(index)
        case .model: models.meaning(index)
        case .provider: providers.meaning(index)
        case .machine: machines.meaning(index)
        }
    }

    /// Whether there are so many accounts that it is worth asking for their meanings early.
    var hasMany: Bool { max(keys.count, organisations.count) >= NameTable.many }

    /// Asks for what is known of an account, some reports before it is needed.
    @inline(__always)
    func prefetch(_ kind: AccountKind, _ index: UInt32) {
        if kind == .key { keys.prefetch(index) } else { organisations.prefetch(index) }
    }

    /// A name's text, for look-ups and messages; nil where there is no such name.
    func text(_ kind: NameKind, _ index: UInt32) -> String? {
        switch kind {
        case .key: keys.text(index)
        case .org: organisations.text(index)
        case .project: projects.text(index)
        case .model: models.text(index)
        case .provider: providers.text(index)
        case .machine: machines.text(index)
        }
    }
}
