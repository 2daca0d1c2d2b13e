import Quantities

/// A new organisation with an empty wallet.
public struct OrganisationCreated: Sendable, Hashable {
    /// Its unique name.
    public var name: String
    /// Its IANA time zone.
    public var zone: String
    /// The day in that zone on which it was created.
    public var today: ZonedDay

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - name: Its unique name.
    ///   - zone: Its IANA time zone.
    ///   - today: The day in that zone on which it was created.
    public init(
        name: String,
        zone: String,
        today: ZonedDay
    ) {
        self.name = name
        self.zone = zone
        self.today = today
    }
}

/// The end of an organisation: what is left in the wallet is forfeited.
public struct OrganisationClosed: Sendable, Hashable {
    /// What was left of each grant.
    public var forfeited: Draws
    /// Why.
    public var reason: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - forfeited: What was left of each grant.
    ///   - reason: Why.
    public init(
        forfeited: Draws,
        reason: String
    ) {
        self.forfeited = forfeited
        self.reason = reason
    }
}

/// A new project.
public struct ProjectCreated: Sendable, Hashable {
    /// Its number within the organisation, from 1.
    public var project: UInt32
    /// Its name, unique within the organisation.
    public var name: String

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - project: Its number within the organisation, from 1.
    ///   - name: Its name, unique within the organisation.
    public init(
        project: UInt32,
        name: String
    ) {
        self.project = project
        self.name = name
    }
}

/// A new key.
///
/// The secret itself is nowhere: only its SHA-256.
public struct KeyCreated: Sendable, Hashable {
    /// Its number within the organisation, from 1.
    public var key: UInt32
    /// The project it is bound to, or 0.
    public var project: UInt32
    /// Its name, unique within the organisation.
    public var name: String
    /// The first characters of the secret, to recognise it by.
    public var prefix: String
    /// SHA-256 of the secret.
    public var hash: SecretHash

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - key: Its number within the organisation, from 1.
    ///   - project: The project it is bound to, or 0.
    ///   - name: Its name, unique within the organisation.
    ///   - prefix: The first characters of the secret, to recognise it by.
    ///   - hash: SHA-256 of the secret.
    public init(
        key: UInt32,
        project: UInt32,
        name: String,
        prefix: String,
        hash: SecretHash
    ) {
        self.key = key
        self.project = project
        self.name = name
        self.prefix = prefix
        self.hash = hash
    }
}

/// A key's secret was replaced: the old one is dead from here on.
public struct KeyRotated: Sendable, Hashable {
    /// The key's number.
    public var key: UInt32
    /// How many secrets it has had, counting this one.
    public var generation: UInt32
    /// The first characters of the new secret.
    public var prefix: String
    /// SHA-256 of the new secret.
    public var hash: SecretHash

    /// Makes the change's content.
    ///
    /// - Parameters:
    ///   - key: The key's number.
    ///   - generation: How many secrets it has had, counting this one.
    ///   - prefix: The first characters of the new secret.
    ///   - hash: SHA-256 of the new secret.
    public init(
        key: UInt32,
        generation: UInt32,
        prefix: String,
        hash: SecretHash
    ) {
        self.key = key
        self.generation = generation
        self.prefix = prefix
        self.hash = hash
    }
}

/// A key was switched off for good.
public struct KeyRevoked: Sendable, Hashable {
    /// The key's number.
    public var key: UInt32

    /// Makes the change's content.
    ///
    /// - Parameter key: The key's number.
    public init(key: UInt32) {
        self.key = key
    }
}

/// SHA-256 of a key's secret.
public struct SecretHash: Sendable, Hashable {
    /// The first 16 bytes, as they stand in memory.
    public var low: UInt128
    /// The last 16 bytes, as they stand in memory.
    public var high: UInt128

    /// Wraps the two halves.
    ///
    /// - Parameters:
    ///   - low: The first 16 bytes.
    ///   - high: The last 16 bytes.
    public init(low: UInt128, high: UInt128) {
        self.low = low
        self.high = high
    }
}
