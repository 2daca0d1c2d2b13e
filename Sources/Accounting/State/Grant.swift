import Quantities

/// A grant that still has something left, or is not yet effective.
///
/// Layout:      64 bytes, where the order of the record would take 80; what a debit looks at lies
///              in the first 32 of them.
/// Invariants:  remaining > 0; a grant with nothing left is no longer kept in memory.
public struct Grant: Sendable, Hashable {
    /// What is left.
    public internal(set) var remaining: Amount
    /// Its number within the organisation.
    public internal(set) var number: GrantNumber
    /// Burnt earlier when lower.
    public internal(set) var priority: Int32
    /// Why it was given.
    public internal(set) var grantClass: GrantClass
    /// Whether it pays by now.
    public internal(set) var active: Bool
    /// Whether its time is over and only holds keep it.
    public internal(set) var expired: Bool
    /// What open holds keep of it; may exceed what is left when usage without a hold came between.
    public internal(set) var held: Amount
    /// From when on it pays.
    public internal(set) var effectiveAt: Timestamp
    /// When what is left lapses.
    public internal(set) var expiresAt: Timestamp

    /// What fills a place without a grant.
    static let blank = Grant(
        remaining: .zero,
        number: 0,
        priority: 0,
        grantClass: .purchased,
        active: false,
        expired: false,
        held: .zero,
        effectiveAt: .never,
        expiresAt: .never
    )

    /// What a new hold may take of it.
    var free: Amount {
        guard active, !expired, remaining > held else { return .zero }
        return remaining - held
    }

    /// When something has to happen to it by itself.
    var deadline: Timestamp {
        if !active { return effectiveAt }
        // Only what holds keep outlives the expiry: whatever they let go of lapses at once.
        if expired { return remaining > held ? .epoch : .never }
        return expiresAt
    }

    /// The burn order: lower priority number, then earlier expiry, then earlier issue.
    func burnsBefore(_ other: Grant) -> Bool {
        if priority != other.priority { return priority < other.priority }
        if expiresAt != other.expiresAt { return expiresAt < other.expiresAt }
        return number < other.number
    }
}
