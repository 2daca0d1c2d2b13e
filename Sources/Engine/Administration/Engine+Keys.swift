import Accounting
import Quantities

extension Engine {
    /// Makes a key; the secret is in the answer and nowhere else.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - name: Unique within it.
    ///   - project: The project that the key is bound to, or nil.
    /// - Returns: The key with its secret.
    /// - Throws: `AdministrationError` when something named is unknown or the name taken.
    public func createKey(
        organisation: String,
        name: String,
        project: String?
    ) async throws(AdministrationError) -> NewSecret {
        try NameRule.check(name, field: "name")
        let org = try number(organisation)
        try checkHealth()
        var projectNumber: UInt32 = 0
        if let project {
            guard let found = directory.project(project, org: org) else {
                throw .notFound(what: "project", name: project)
            }
            projectNumber = found
        }
        let secret = self.secret()
        let created = KeyCreated(
            key: 0,
            project: projectNumber,
            name: name,
            prefix: Secret.prefix(of: secret),
            hash: Directory.hash(of: secret)
        )
        let directory = self.directory
        let outcome = await change(org) { book, now, buffer -> CommandOutcome? in
            guard directory.key(name, org: org) == nil else { return nil }
            return book.createKey(created, org: org, at: now, into: buffer)
        }
        guard let outcome else { throw .exists(what: "key", name: name) }
        try check(outcome, what: "organisation", name: organisation)
        return NewSecret(key: try keyInfo(name, org: org), secret: secret)
    }

    /// Gives a key a new secret; the old one is dead when this returns.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - name: The key.
    /// - Returns: The key with its new secret.
    /// - Throws: `AdministrationError` when it is unknown or revoked.
    public func rotateKey(
        organisation: String,
        name: String
    ) async throws(AdministrationError) -> NewSecret {
        let org = try number(organisation)
        guard let key = directory.key(name, org: org) else {
            throw .notFound(what: "key", name: name)
        }
        try checkHealth()
        let secret = self.secret()
        let prefix = Secret.prefix(of: secret)
        let hash = Directory.hash(of: secret)
        let outcome = await change(org) { book, now, buffer in
            book.rotateKey(key, prefix: prefix, hash: hash, org: org, at: now, into: buffer)
        }
        try check(outcome, what: "key", name: name)
        return NewSecret(key: try keyInfo(name, org: org), secret: secret)
    }

    /// Switches a key off for good.
    ///
    /// - Parameters:
    ///   - organisation: The organisation.
    ///   - name: The key.
    /// - Returns: The key as it is now.
    /// - Throws: `AdministrationError` when it is unknown.
    public func revokeKey(
        organisation: String,
        name: String
    ) async throws(AdministrationError) -> KeyInfo {
        let org = try number(organisation)
        guard let key = directory.key(name, org: org) else {
            throw .notFound(what: "key", name: name)
        }
        try checkHealth()
        let outcome = await change(org) { book, now, buffer in
            book.revokeKey(key, org: org, at: now, into: buffer)
        }
        try check(outcome, what: "key", name: name)
        return try keyInfo(name, org: org)
    }

    private func keyInfo(_ name: String, org: UInt32) throws(AdministrationError) -> KeyInfo {
        guard let entry = directory.entry(org), let number = directory.key(name, org: org) else {
            throw .notFound(what: "key", name: name)
        }
        return KeyInfo(number, entry)
    }
}

extension KeyInfo {
    init(_ number: UInt32, _ entry: Directory.Entry) {
        let key = entry.keys[Int(number) - 1]
        let project = Int(key.project) - 1
        self.init(
            number: number,
            name: key.name,
            project: entry.projects.indices.contains(project) ? entry.projects[project] : nil,
            prefix: key.prefix,
            generation: key.generation,
            revoked: key.revoked
        )
    }
}

/// Secrets of keys: 256 random bits that are shown once.
enum Secret {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8
    )

    /// "mk_" and 43 letters and digits: 62^43 is a little more than 2^256.
    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let letters = (0..<43).map { _ in
            alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
        }
        return "mk_" + String(decoding: letters, as: UTF8.self)
    }

    /// What a secret is recognised by: its first nine characters, which leave 220 bits unknown.
    static func prefix(of secret: String) -> String {
        String(secret.prefix(9))
    }
}
