import Accounting
import Quantities

/// All wallets by the plain rules, moved on by the journal's records.
///
/// Goal:        every record is foretold: who may spend, from which grants, how much, and when.
///
/// Non-goals:   speed; deciding by itself: a refusal leaves no record, and is asked for apart.
package struct AccountModel {
    /// What was booked for a sequence.
    package struct Booked: Equatable {
        package var org: UInt32
        package var charge: Int128
        package var input: UInt32
        package var output: UInt32
    }

    package private(set) var organisations: [UInt32: NaiveOrganisation] = [:]
    /// Usage by producer and sequence.
    package private(set) var booked: [UInt32: [UInt64: Booked]] = [:]
    /// Sequences that were answered with a rejection.
    package private(set) var skipped: [UInt32: Set<UInt64>] = [:]
    /// Usage without a sequence: identity to the moment at which it was booked.
    package private(set) var identified: [UInt128: Int64] = [:]
    /// The names by kind and number.
    package private(set) var names: [UInt8: [UInt32: String]] = [:]
    package private(set) var usageCount = 0
    private var grantIdentities: [UInt128: Int64] = [:]
    private var machinePrices: [UInt32: PriceDeclared] = [:]
    private var prices: [UInt32: (model: String, from: Int64, text: String, price: NaivePrice)] =
        [:]
    private var latest: [UInt32: Int64] = [:]

    private let card: NaiveCard?
    private let checksPrices: Bool
    private let zone: (String) -> NaiveZone
    private let identityMicroseconds: Int64

    /// Makes an empty model.
    ///
    /// - Parameters:
    ///   - card: The rate card; nil when only the prices' own texts are to be checked.
    ///   - checksPrices: Whether charges must follow from prices; else they are taken as given.
    ///   - identityHours: How long an identity is remembered at least.
    ///   - zone: How a zone counts its days.
    package init(
        card: NaiveCard?,
        checksPrices: Bool = true,
        identityHours: Int64 = 24,
        zone: @escaping (String) -> NaiveZone
    ) {
        self.card = card
        self.checksPrices = checksPrices
        self.zone = zone
        identityMicroseconds = identityHours * 3_600_000_000
    }

    /// Makes an empty model of zones without summers.
    ///
    /// - Parameters:
    ///   - card: The rate card; nil when only the prices' own texts are to be checked.
    ///   - checksPrices: Whether charges must follow from prices; else they are taken as given.
    ///   - identityHours: How long an identity is remembered at least.
    ///   - minutesEast: How far a zone is from UTC.
    package init(
        card: NaiveCard?,
        checksPrices: Bool = true,
        identityHours: Int64 = 24,
        minutesEast: @escaping (String) -> Int64 = { _ in 0 }
    ) {
        self.init(
            card: card,
            checksPrices: checksPrices,
            identityHours: identityHours,
            zone: { NaiveZone(minutesEast: minutesEast($0)) }
        )
    }

    /// Another life of the daemon begins: its clock may stand anywhere.
    mutating func restart() {
        latest = [:]
    }

    /// The prices that were declared.
    package var declaredPrices: [PriceDeclared] {
        prices.sorted { $0.key < $1.key }.map { number, entry in
            PriceDeclared(
                price: number,
                model: entry.model,
                effectiveFrom: Timestamp(microseconds: entry.from),
                text: entry.text
            )
        }
    }

    /// The number of a producer's name.
    package func producer(named name: String) -> UInt32? {
        names[NameKind.producer.rawValue]?.first { $0.value == name }?.key
    }

    /// Takes in one record.
    ///
    /// - Returns: What the rules say against it, or nil.
    package mutating func apply(_ kind: ChangeKind, _ record: UnsafeRawBufferPointer) -> String? {
        if kind == .usage {
            guard let (usage, _, _) = UsageChange.decode(record) else { return "no usage record" }
            return apply(usage)
        }
        guard let change = Change.decode(record) else { return "no record of kind \(kind)" }
        return apply(change)
    }

    private mutating func apply(_ usage: UsageChange) -> String? {
        usageCount += 1
        var complaints = [note(usage.org, usage.appliedAt), onlyOnce(usage), price(usage)]
        if organisations[usage.org] == nil { return "usage for no organisation \(usage.org)" }
        complaints.append(organisations[usage.org]?.follow(usage))
        complaints.append(organisations[usage.org]?.imbalance())
        return complaints.compactMap { $0 }.first.map { "organisation \(usage.org): \($0)" }
    }

    /// Time never goes back within a partition.
    private mutating func note(_ org: UInt32, _ moment: Timestamp) -> String? {
        let partition = org % 16
        let before = latest[partition] ?? .min
        latest[partition] = max(before, moment.microseconds)
        return moment.microseconds < before ? "time goes back from \(before)" : nil
    }

    private mutating func onlyOnce(_ usage: UsageChange) -> String? {
        if usage.producer != 0, usage.sequence != 0 {
            let entry = Booked(
                org: usage.org,
                charge: usage.charge.units,
                input: usage.tokens.input,
                output: usage.tokens.output
            )
            let isSkipped = skipped[usage.producer]?.contains(usage.sequence) == true
            let before = booked[usage.producer, default: [:]].updateValue(
                entry,
                forKey: usage.sequence
            )
            if before != nil || isSkipped {
                return "sequence \(usage.sequence) of producer \(usage.producer) is booked twice"
            }
        }
        guard usage.identity != 0 else { return nil }
        let moment = usage.appliedAt.microseconds
        let before = identified.updateValue(moment, forKey: usage.identity)
        if let before, moment - before < identityMicroseconds {
            return "an identity is booked twice"
        }
        return nil
    }

    /// The price in force at the request's time, and the charge that its text gives.
    private func price(_ usage: UsageChange) -> String? {
        guard checksPrices else { return nil }
        guard let entry = prices[usage.price] else { return "price \(usage.price) is not declared" }
        let at = usage.at.microseconds
        if let card, card.text(of: entry.model, at: at) != entry.text {
            return "price \(usage.price) of \(entry.model) is not in force at \(at)"
        }
        let tokens = usage.tokens
        let charge = entry.price.charge(
            input: tokens.input,
            cacheRead: tokens.cacheRead,
            cacheWrite: tokens.cacheWrite,
            output: tokens.output,
            reasoning: tokens.reasoning
        )
        var units = charge.units
        if usage.failed, card?.chargesFailures != true { units = 0 }
        if usage.cacheHit, card?.chargesCacheHits != true { units = 0 }
        if organisations[usage.org]?.terms.mode == 3 { units = 0 }
        if usage.charge.units != units { return "\(usage.charge.units) is charged, not \(units)" }
        return Int(usage.tier) == charge.tier
            ? nil : "tier \(usage.tier) applies, not \(charge.tier)"
    }

    private mutating func apply(_ change: Change) -> String? {
        switch change.body {
        case .nameDeclared(let body):
            let before = names[body.kind.rawValue, default: [:]].updateValue(
                body.name,
                forKey: body.number
            )
            let isSame = before == nil || before == body.name
            return isSame ? nil : "number \(body.number) is \(body.name), and was something else"
        case .priceDeclared(let body): return declare(body)
        case .sequenceSkipped(let body):
            if booked[body.producer]?[body.sequence] != nil {
                return
                    "sequence \(body.sequence) of producer \(body.producer) is booked and skipped"
            }
            skipped[body.producer, default: []].insert(body.sequence)
            return nil
        case .rateCardLoaded: return nil
        case .alertRaised where change.org == 0, .alertCleared where change.org == 0: return nil
        case .rerateBegun, .rerateCardPart: return nil
        case .organisationCreated(let body):
            if organisations[change.org] != nil { return "organisation \(change.org) exists" }
            var organisation = NaiveOrganisation(zone: zone(body.zone))
            organisation.now = change.appliedAt.microseconds
            organisation.turned = Int64(body.today.day.number)
            organisations[change.org] = organisation
            return note(change.org, change.appliedAt)
        default:
            // Taken in also when it comes late: the model at the checkpoint knows of no restarts.
            let late = note(change.org, change.appliedAt)
            let fault = follow(change) ?? organisations[change.org]?.imbalance()
            return (late ?? fault).map { "organisation \(change.org): \($0)" }
        }
    }

    private mutating func declare(_ body: PriceDeclared) -> String? {
        if body.text.hasPrefix("hour ") || body.text.hasPrefix("vcpu_hour ") {
            let before = machinePrices.updateValue(body, forKey: body.price)
            return before.map { $0 == body } ?? true ? nil : "price \(body.price) reads otherwise"
        }
        guard let price = NaivePrice(body.text) else { return "a price reads \(body.text)" }
        if let before = prices[body.price], before.text != body.text {
            return "price \(body.price) reads \(body.text), and read otherwise"
        }
        prices[body.price] = (body.model, body.effectiveFrom.microseconds, body.text, price)
        return nil
    }

    private mutating func follow(_ change: Change) -> String? {
        guard var organisation = organisations[change.org] else { return "there is none" }
        // Taken out, so that changing it copies nothing.
        organisations[change.org] = nil
        defer { organisations[change.org] = organisation }
        let at = change.appliedAt
        switch change.body {
        case .organisationClosed(let body): return organisation.follow(body, at: at)
        case .projectCreated(let body):
            organisation.projects += 1
            return body.project == organisation.projects ? nil : "project \(body.project)"
        case .keyCreated(let body):
            organisation.keys.append(NaiveKey(project: body.project))
            return Int(body.key) == organisation.keys.count ? nil : "key \(body.key)"
        case .keyRotated(let body): return organisation.follow(body)
        case .keyRevoked(let body): return organisation.follow(body)
        case .grantIssued(let body):
            let moment = at.microseconds
            let before = grantIdentities.updateValue(moment, forKey: body.identity)
            if body.identity != 0, let before, moment - before < 35 * 86_400_000_000 {
                return "a grant is given twice under one key"
            }
            return organisation.follow(body, at: at)
        case .grantActivated(let body): return organisation.follow(body, at: at)
        case .grantExpired(let body): return organisation.follow(body, at: at)
        case .holdPlaced(let body): return organisation.follow(body, at: at)
        case .holdExtended(let body): return organisation.follow(body, at: at)
        case .holdReleased(let body): return organisation.follow(body, at: at)
        case .capChanged(let body): return organisation.follow(body, at: at)
        case .dayTurned(let body): return organisation.follow(body, at: at)
        case .planChanged(let body): return organisation.follow(body, at: at)
        case .couponRedeemed(let body): return organisation.follow(body, at: at)
        case .billingChanged(let body): return organisation.follow(body, at: at)
        case .balanceAdjusted(let body):
            let moment = at.microseconds
            let before = grantIdentities.updateValue(moment, forKey: body.identity)
            if body.identity != 0, let before, moment - before < 35 * 86_400_000_000 {
                return "an adjustment is made twice under one key"
            }
            return organisation.follow(body, at: at)
        case .machineChanged(let body): return organisation.follow(body, at: at)
        case .operationRefunded(let body):
            return note(identity: body.identity, at) ?? organisation.follow(body, at: at)
        case .alertRaised(let body): return organisation.follow(body, at: at)
        case .alertCleared(let body): return organisation.follow(body)
        case .alertsSet: return nil
        case .purchaseReturned(let body):
            return note(identity: body.identity, at) ?? organisation.follow(body, at: at)
        case .rerated(let body): return organisation.follow(body, at: at)
        case .rerateBegun, .rerateCardPart: return nil
        case .organisationCreated, .nameDeclared, .priceDeclared, .sequenceSkipped,
            .rateCardLoaded:
            return nil
        case .topUpSet(let body): return organisation.follow(body, at: at)
        case .purchaseAsked(let body): return organisation.follow(body, at: at)
        case .purchaseConfirmed(let body): return organisation.follow(body, at: at)
        case .purchaseFailed(let body): return organisation.follow(body, at: at)
        case .topUpLimitReached(let body): return organisation.follow(body, at: at)
        }
    }

    private mutating func note(identity: UInt128, _ at: Timestamp) -> String? {
        let before = grantIdentities.updateValue(at.microseconds, forKey: identity)
        guard identity != 0, let before else { return nil }
        return at.microseconds - before < 35 * 86_400_000_000
            ? "something is given back twice under one key" : nil
    }

    /// Whether a hold would be refused now; nil when there is no such organisation.
    package func wouldRefuse(
        org: UInt32,
        project: UInt32,
        key: UInt32,
        asked: Int128,
        at moment: Int64
    ) -> Bool? {
        guard var organisation = organisations[org] else { return nil }
        let number = Int(key) - 1
        let generation =
            organisation.keys.indices.contains(number)
            ? organisation.keys[number].generation : 0
        let answer = organisation.authorize(
            asked,
            project: project,
            key: key,
            generation: generation,
            ttl: 1,
            at: max(moment, organisation.now)
        )
        if case .granted = answer { return false }
        return true
    }
}
