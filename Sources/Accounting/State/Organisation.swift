import Quantities

/// An organisation with its wallet, as memory has it.
///
/// Layout:      in the order in which a debit goes through it: where there are no more than two
///              grants, a cap and a key, it touches five of the first six cache lines and no other
///              memory. `OrganisationTable` keeps it on cache lines of its own.
/// Invariants:  posted = sum of what is left of active grants - debt;
///              debt is above zero only while no active grant has anything left;
///              held = sum of all open holds.
public struct Organisation: Sendable, Hashable {
    /// What was credited less what was debited.
    public internal(set) var posted = Amount.zero
    /// What is owed.
    public internal(set) var debt = Amount.zero
    /// What it has spent.
    public internal(set) var spend = Spend()
    /// How many ledger lines it has.
    public internal(set) var lines: UInt64 = 0
    /// The day in its time zone that its counters stand at.
    public internal(set) var today = ZonedDay(
        day: CivilDay(number: 0),
        start: .epoch,
        end: .epoch
    )
    /// Grants in burn order.
    public internal(set) var grants = ShortList<2, Grant>(blank: .blank)
    /// When the next thing is due in it by itself.
    var deadline = Timestamp.never
    /// Its number; 0 where no organisation has been created yet.
    public internal(set) var number: UInt32 = 0
    /// Its time zone, as an index into the book's zones.
    var zone: UInt16 = 0
    /// What else there is to look up for it.
    var flags = OrganisationFlags()
    /// Why it is cut off, if it is.
    public internal(set) var cutoffs = CutoffReasons()
    /// Caps, narrowest scope first.
    public internal(set) var caps = ShortList<1, Cap>(blank: .blank)
    /// Keys, by number - 1.
    public internal(set) var keys = ShortList<1, KeyState>(blank: .blank)
    /// What open holds keep.
    public internal(set) var held = Amount.zero
    /// Projects, by number - 1.
    public internal(set) var projects: [ScopeState] = []
    /// The highest hold serial given.
    public internal(set) var lastHold: UInt64 = 0
    /// The highest grant number given.
    public internal(set) var lastGrant: GrantNumber = 0
    /// How many holds are open.
    public internal(set) var openHolds: UInt32 = 0

    /// Nobody yet.
    init() {}

    /// Whether this slot holds an organisation.
    public var exists: Bool { number != 0 }
    /// Whether it was closed.
    public internal(set) var closed: Bool {
        get { flags.contains(.closed) }
        set { if newValue { flags.insert(.closed) } else { flags.remove(.closed) } }
    }
    /// What the next request may use; stops at the end of the range of amounts.
    public var available: Amount { posted.adding(-held) ?? -Amount.max }

    /// The key's state, or nil when there is no such key.
    func key(_ number: UInt32) -> KeyState? {
        let index = Int(number) - 1
        return keys.indices.contains(index) ? keys[index] : nil
    }

    @inline(__always)
    func grantIndex(_ number: GrantNumber) -> Int? {
        // A wallet has a handful of live grants; the first one in burn order is the usual answer.
        var index = 0
        while index < grants.count {
            if grants[index].number == number { return index }
            index += 1
        }
        return nil
    }

    /// The grant that pays a charge alone, as the first in burn order that has something left; 0
    /// for a charge of nothing; nil when it takes more than one, or debt.
    @inline(__always)
    func onlySource(of charge: Amount) -> GrantNumber? {
        guard charge.isPositive else { return 0 }
        // By index: `first` would copy the grant.
        guard !grants.isEmpty, grants[0].active, !grants[0].expired, grants[0].remaining >= charge
        else { return nil }
        return grants[0].number
    }

    /// Takes a part of a charge from its grant, or adds it to the debt.
    @inline(__always)
    mutating func take(_ draw: Draw) {
        if draw.grant == 0 {
            debt += draw.amount
            return
        }
        guard let index = grantIndex(draw.grant) else {
            invariantBroken("a draw names a grant that is known")
        }
        let left = grants.update(index) { grant in
            grant.remaining -= draw.amount
            return grant.remaining
        }
        invariant(!left.isNegative, "no grant gives more than it has")
        if left.isZero { grants.remove(at: index) }
    }

    mutating func insert(_ grant: Grant) {
        let index = grants.firstIndex { grant.burnsBefore($0) } ?? grants.count
        grants.insert(grant, at: index)
    }

    mutating func insert(_ cap: Cap) {
        caps.removeAll { $0.scope == cap.scope && $0.id == cap.id && $0.period == cap.period }
        let index = caps.firstIndex { Organisation.isChecked(cap, before: $0) } ?? caps.count
        caps.insert(cap, at: index)
    }

    /// Key caps are checked before project caps before organisation caps, shorter periods first.
    private static func isChecked(_ left: Cap, before right: Cap) -> Bool {
        if left.scope != right.scope { return left.scope.rawValue > right.scope.rawValue }
        if left.id != right.id { return left.id < right.id }
        return left.period.rawValue < right.period.rawValue
    }

    /// What a scope has spent and what holds keep for it.
    func usage(of scope: Scope, id: UInt32) -> (spend: Spend, held: Amount) {
        switch scope {
        case .organisation:
            return (spend, held)
        case .project:
            let index = Int(id) - 1
            guard projects.indices.contains(index) else { return (Spend(), .zero) }
            return (projects[index].spend, projects[index].held)
        case .key:
            let index = Int(id) - 1
            guard keys.indices.contains(index) else { return (Spend(), .zero) }
            return (keys[index].scope.spend, keys[index].scope.held)
        }
    }

    mutating func addHeld(_ amount: Amount, project: UInt32, key: UInt32) {
        held += amount
        let projectIndex = Int(project) - 1
        if projects.indices.contains(projectIndex) { projects[projectIndex].held += amount }
        let keyIndex = Int(key) - 1
        if keys.indices.contains(keyIndex) { keys[keyIndex].scope.held += amount }
    }

    @inline(__always)
    mutating func addSpend(_ charge: Amount, project: UInt32, key: UInt32) {
        spend.add(charge)
        let projectIndex = Int(project) - 1
        if projectIndex >= 0, projectIndex < projects.count {
            projects[projectIndex].spend.add(charge)
        }
        let keyIndex = Int(key) - 1
        if keyIndex >= 0, keyIndex < keys.count {
            keys.update(keyIndex) { $0.scope.spend.add(charge) }
        }
    }

    mutating func turnDay(to day: ZonedDay) {
        spend.turn(from: today.day, to: day.day)
        for index in projects.indices { projects[index].spend.turn(from: today.day, to: day.day) }
        for index in keys.indices { keys[index].scope.spend.turn(from: today.day, to: day.day) }
        today = day
    }

    /// What a scope has spent and what holds keep for it.
    ///
    /// - Parameters:
    ///   - scope: Which scope.
    ///   - id: The project's or key's number; 0 for the organisation.
    /// - Returns: Its spend in the present windows, and what is held.
    public func counted(for scope: Scope, id: UInt32) -> (spend: Spend, held: Amount) {
        usage(of: scope, id: id)
    }
}
