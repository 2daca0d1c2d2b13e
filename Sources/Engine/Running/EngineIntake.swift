import Accounting
import Ingest
import Journaling
import Quantities
import Synchronization
import Wire

/// The rate card in force, for those who ask between two turns of a shard.
final class PricingInForce: Sendable {
    private let pricing: Mutex<Pricing>

    init(_ pricing: Pricing) {
        self.pricing = Mutex(pricing)
    }

    var current: Pricing { pricing.withLock { $0 } }

    func set(_ next: Pricing) {
        pricing.withLock { $0 = next }
    }
}

/// What the loops may ask of the engine.
struct EngineIntake: Intake {
    let directory: Directory
    let names: NameRegistry
    let pricing: PricingInForce
    let health: Health
    let journal: Journal
    let store: StorePosition
    let time: any TimeSource

    var namesVersion: UInt64 { directory.version }
    var overload: String? { health.overload }
    var journalSynced: UInt64 { journal.positions.synced }
    var journalStored: UInt64 { store.value }

    func now() -> Timestamp { time.now() }

    func account(secret: String) -> AccountReference? { directory.account(secret: secret) }

    func account(organisation: String) -> AccountReference? {
        directory.number(of: organisation).map { AccountReference(org: $0) }
    }

    func project(_ project: String, org: UInt32) -> UInt32? {
        directory.project(project, org: org)
    }

    func model(_ model: String, provider: String?) -> UInt32? {
        pricing.current.number(of: model, provider: provider)
    }

    func provider(_ provider: String) -> UInt16? {
        names.number(.provider, provider).flatMap { UInt16(exactly: $0) }
    }

    func name(of scope: LimitScope, org: UInt32, id: UInt32) -> String {
        directory.name(of: scope, org: org, id: id)
    }

    func machine(_ machine: String) -> UInt32? { pricing.current.machineNumber(of: machine) }

    func machineName(_ machine: UInt32) -> String {
        names.name(.machine, machine) ?? "#\(machine)"
    }

    func modelName(_ model: UInt32) -> String {
        names.name(.model, model) ?? "#\(model)"
    }
}
