import Accounting
import Quantities

/// What a directory knows, in flat tables.
///
/// Layout:      a row for each organisation by number, blocks of keys and of projects, all texts in
///              an arena, and two indexes: organisations by name, keys by secret.
/// Invariants:  a key's number is its place in its block + 1; the index of secrets has the place of
///              every key with its present secret.
/// Cost:        about 170 bytes for an organisation with one key, and no allocation of its own.
struct DirectoryTables {
    private enum Stage: UInt8 {
        /// Nobody has this number, or its name was given back.
        case unused
        /// Its name is kept for an organisation that is about to be made.
        case reserved
        case made
    }

    private struct OrganisationRow {
        var name: TextArena.Reference = 0
        var keys = BlockPool<KeyRow>.Block()
        var projects = BlockPool<TextArena.Reference>.Block()
        var stage = Stage.unused
    }

    struct KeyRow: BitwiseCopyable {
        fileprivate var hash: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var org: UInt32 = 0
        var project: UInt32 = 0
        var generation: UInt32 = 0
        fileprivate var name: TextArena.Reference = 0
        fileprivate var prefix: TextArena.Reference = 0
        var revoked = false

        fileprivate var secret: SecretHash {
            get {
                SecretHash(
                    low: UInt128(hash.1) << 64 | UInt128(hash.0),
                    high: UInt128(hash.3) << 64 | UInt128(hash.2)
                )
            }
            set {
                // Four words, because a field of 128 bits would have a row be aligned to them.
                hash.0 = UInt64(truncatingIfNeeded: newValue.low)
                hash.1 = UInt64(truncatingIfNeeded: newValue.low >> 64)
                hash.2 = UInt64(truncatingIfNeeded: newValue.high)
                hash.3 = UInt64(truncatingIfNeeded: newValue.high >> 64)
            }
        }
    }

    private var texts = TextArena()
    /// By number; nobody has the number 0.
    private var organisations: [OrganisationRow] = [OrganisationRow()]
    private var keys = BlockPool(blank: KeyRow())
    private var projects = BlockPool<TextArena.Reference>(blank: 0)
    private var byName = NumberIndex()
    /// The place of a key + 1.
    private var bySecret = NumberIndex()
    /// How many organisations there are.
    private(set) var count = 0

    // MARK: - Looking up

    func number(of name: String) -> UInt32? {
        var name = name
        return name.withUTF8 { find($0) }
    }

    func name(_ org: UInt32) -> String? {
        made(org).map { texts.text(organisations[$0].name) }
    }

    func projectName(_ project: UInt32, org: UInt32) -> String? {
        guard let row = made(org), project > 0, project <= organisations[row].projects.count else {
            return nil
        }
        return texts.text(projects[Int(organisations[row].projects.start + project) - 1])
    }

    func keyName(_ key: UInt32, org: UInt32) -> String? {
        place(of: key, org: org).map { texts.text(keys[$0].name) }
    }

    func project(_ name: String, org: UInt32) -> UInt32? {
        guard let row = made(org) else { return nil }
        let block = organisations[row].projects
        var name = name
        let place = name.withUTF8 { bytes in
            block.indices.first { texts.matches(projects[$0], bytes) }
        }
        return place.map { UInt32($0) - block.start + 1 }
    }

    func key(_ name: String, org: UInt32) -> UInt32? {
        guard let row = made(org) else { return nil }
        let block = organisations[row].keys
        var name = name
        let place = name.withUTF8 { bytes in
            block.indices.first { texts.matches(keys[$0].name, bytes) }
        }
        return place.map { UInt32($0) - block.start + 1 }
    }

    /// The key with a secret, and its number.
    func key(_ secret: SecretHash) -> (row: KeyRow, number: UInt32)? {
        guard let found = bySecret.find(secret.hashValue, isKey(secret)) else { return nil }
        let row = keys[Int(found) - 1]
        return (row, found - organisations[Int(row.org)].keys.start)
    }

    func entry(_ org: UInt32) -> Directory.Entry? {
        guard let row = made(org) else { return nil }
        let organisation = organisations[row]
        return Directory.Entry(
            number: org,
            name: texts.text(organisation.name),
            projects: organisation.projects.indices.map { texts.text(projects[$0]) },
            keys: organisation.keys.indices.map { place in
                Directory.Key(
                    name: texts.text(keys[place].name),
                    project: keys[place].project,
                    prefix: texts.text(keys[place].prefix),
                    generation: keys[place].generation,
                    revoked: keys[place].revoked
                )
            }
        )
    }

    /// The first names in alphabetical order behind a given one, also those that are kept.
    func names(after: String?, limit: Int) -> [String] {
        guard limit > 0 else { return [] }
        var names: [String] = []
        for row in organisations where row.stage != .unused {
            let name = texts.text(row.name)
            if let after, name <= after { continue }
            names.append(name)
            // Sorting now and then keeps no more than twice as many as are wanted.
            if names.count == limit * 2 { names = Array(names.sorted().prefix(limit)) }
        }
        return Array(names.sorted().prefix(limit))
    }

    // MARK: - Changing

    mutating func reserve(_ name: String) -> UInt32? {
        guard number(of: name) == nil else { return nil }
        let number = UInt32(organisations.count)
        organisations.append(OrganisationRow())
        setName(name, of: number)
        organisations[Int(number)].stage = .reserved
        return number
    }

    mutating func unreserve(_ name: String) {
        guard let number = number(of: name), organisations[Int(number)].stage == .reserved else {
            return
        }
        forgetName(name)
        organisations[Int(number)].stage = .unused
    }

    mutating func create(_ org: UInt32, name: String) {
        invariant(org > 0, "an organisation's number is above zero")
        let row = Int(org)
        while organisations.count <= row { organisations.append(OrganisationRow()) }
        if number(of: name) != org { setName(name, of: org) }
        if organisations[row].stage != .made { count += 1 }
        organisations[row].stage = .made
    }

    mutating func addProject(_ name: String, org: UInt32) {
        guard let row = made(org) else { return }
        projects.append(texts.add(name), to: &organisations[row].projects)
    }

    mutating func addKey(_ key: KeyCreated, org: UInt32, generation: UInt32 = 1) {
        guard let row = made(org) else { return }
        var new = KeyRow()
        new.secret = key.hash
        new.org = org
        new.project = key.project
        new.generation = generation
        new.name = texts.add(key.name)
        new.prefix = texts.add(key.prefix)
        let before = organisations[row].keys
        if keys.append(new, to: &organisations[row].keys) {
            move(before, to: organisations[row].keys.start)
        }
        index(Int(organisations[row].keys.start + before.count))
    }

    mutating func rotate(_ rotated: KeyRotated, org: UInt32) {
        guard let place = place(of: rotated.key, org: org) else { return }
        let old = keys[place].secret
        bySecret.remove(old.hashValue) { $0 == UInt32(place) + 1 }
        keys[place].secret = rotated.hash
        keys[place].prefix = texts.replace(keys[place].prefix, by: rotated.prefix)
        keys[place].generation = rotated.generation
        index(place)
    }

    mutating func revoke(_ key: UInt32, org: UInt32) {
        guard let place = place(of: key, org: org) else { return }
        keys[place].revoked = true
    }

    // MARK: - Helpers

    /// The row of an organisation that was made.
    private func made(_ org: UInt32) -> Int? {
        let row = Int(org)
        return row < organisations.count && organisations[row].stage == .made ? row : nil
    }

    private func place(of key: UInt32, org: UInt32) -> Int? {
        guard let row = made(org), key > 0, key <= organisations[row].keys.count else { return nil }
        return Int(organisations[row].keys.start + key) - 1
    }

    private static func hash(_ name: UnsafeBufferPointer<UInt8>) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(name))
        return hasher.finalize()
    }

    private func find(_ name: UnsafeBufferPointer<UInt8>) -> UInt32? {
        byName.find(DirectoryTables.hash(name)) { number in
            texts.matches(organisations[Int(number)].name, name)
        }
    }

    /// Gives a name to a number; a number that had it before has it no more.
    private mutating func setName(_ name: String, of number: UInt32) {
        forgetName(name)
        organisations[Int(number)].name = texts.add(name)
        var name = name
        byName.insert(number, hash: name.withUTF8 { DirectoryTables.hash($0) })
    }

    private mutating func forgetName(_ name: String) {
        guard let number = number(of: name) else { return }
        var name = name
        byName.remove(name.withUTF8 { DirectoryTables.hash($0) }) { $0 == number }
    }

    /// Tells the key with a secret; it holds on to the keys alone, so that the index can change.
    private func isKey(_ secret: SecretHash) -> (UInt32) -> Bool {
        let keys = self.keys
        return { place in keys[Int(place) - 1].secret == secret }
    }

    /// Notes where the key with a secret is; the last one that was given a secret has it.
    private mutating func index(_ place: Int) {
        let secret = keys[place].secret
        bySecret.remove(secret.hashValue, isKey(secret))
        bySecret.insert(UInt32(place) + 1, hash: secret.hashValue)
    }

    /// Notes the new places of keys whose block has moved; the old rows are still readable.
    private mutating func move(_ old: BlockPool<KeyRow>.Block, to start: UInt32) {
        for offset in 0..<old.count {
            let hash = keys[Int(start + offset)].secret.hashValue
            bySecret.replace(hash, by: start + offset + 1) { $0 == old.start + offset + 1 }
        }
    }
}
