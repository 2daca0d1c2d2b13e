import Quantities
import Wire

/// The names that one connection has used, with what they were found to mean.
///
/// Binary connections number their names themselves; JSON lines are looked up by their text. Both
/// lead to an entry that remembers its meaning until a look-up might answer differently.
struct NameTable {
    /// A name and its meaning.
    struct Entry {
        let text: String
        /// A digest of the text, for telling a repeat from a conflict.
        let digest: UInt64
        /// The names' version at which it was looked up; 0 before the first time.
        var version: UInt64 = 0
        /// What else the meaning depends on: the organisation of a project, the provider of a
        /// model.
        var context: UInt32 = 0
        var found = false
        var account = AccountReference(org: 0)
        var number: UInt32 = 0

        init(text: String) {
            self.text = text
            var text = text
            self.digest = text.withUTF8 { ContentDigest.of(UnsafeRawBufferPointer($0).bytes) }
        }
    }

    private(set) var keys: [Entry] = []
    private(set) var organisations: [Entry] = []
    private(set) var projects: [Entry] = []
    private(set) var models: [Entry] = []
    private(set) var providers: [Entry] = []
    private var byText: [NameKey: UInt32] = [:]
    private(set) var bytes = 0

    private struct NameKey: Hashable {
        let kind: NameKind
        let text: String
    }

    /// Adds a name under the next index of its kind.
    mutating func define(_ kind: NameKind, _ text: String) {
        bytes += text.utf8.count + 96
        let entry = Entry(text: text)
        switch kind {
        case .key: keys.append(entry)
        case .org: organisations.append(entry)
        case .project: projects.append(entry)
        case .model: models.append(entry)
        case .provider: providers.append(entry)
        case .machine: break
        }
    }

    /// The index of a text, which is added when it is new; forgets all when that would be too much.
    mutating func index(of kind: NameKind, text: String, limit: Int) -> UInt32 {
        if let index = byText[NameKey(kind: kind, text: text)] { return index }
        if bytes + text.utf8.count > limit { self = NameTable() }
        let index =
            switch kind {
            case .key: keys.count
            case .org: organisations.count
            case .project: projects.count
            case .model: models.count
            case .provider: providers.count
            case .machine: 0
            }
        define(kind, text)
        byText[NameKey(kind: kind, text: text)] = UInt32(index)
        return UInt32(index)
    }

    /// The digest of a name's text.
    func digest(of kind: NameKind, _ index: UInt32) -> UInt64 {
        let position = Int(index)
        switch kind {
        case .key: return keys[position].digest
        case .org: return organisations[position].digest
        case .project: return projects[position].digest
        case .model: return models[position].digest
        case .provider: return providers[position].digest
        case .machine: return 0
        }
    }

    mutating func withKey<Result>(_ index: UInt32, _ body: (inout Entry) -> Result) -> Result {
        body(&keys[Int(index)])
    }

    mutating func withOrganisation<Result>(
        _ index: UInt32,
        _ body: (inout Entry) -> Result
    ) -> Result {
        body(&organisations[Int(index)])
    }

    mutating func withProject<Result>(_ index: UInt32, _ body: (inout Entry) -> Result) -> Result {
        body(&projects[Int(index)])
    }

    mutating func withModel<Result>(_ index: UInt32, _ body: (inout Entry) -> Result) -> Result {
        body(&models[Int(index)])
    }

    mutating func withProvider<Result>(_ index: UInt32, _ body: (inout Entry) -> Result) -> Result {
        body(&providers[Int(index)])
    }
}
