import DiskSimulation
import Engine
import Ingest
import Journaling
import LedgerModel
import Wire

extension Simulation {
    /// Whether PostgreSQL has all that is durable.
    var isAllStored: Bool {
        guard let life else { return false }
        return life.engine.stored == life.engine.journal.positions.synced
    }

    /// Looks what a daemon owes that has nothing to do: it must be nothing.
    ///
    /// Why: a wake-up that was lost is made good by the next tick, a tenth of a second late, and
    /// nobody would see that it is missing. Only what is due by the clock may need a tick.
    func checkRest(_ life: Life) throws(Violation) {
        guard life.engine.overload == nil, pendingDeath == nil, !disk.isDead, isResting(life)
        else { return }
        statistics.rests += 1
        let alarms = life.alarms.all
        if !isAllStored, !alarms.contains(where: \.isSet) {
            let synced = life.engine.journal.positions.synced
            throw Violation("owed", "nobody stores \(life.engine.stored)..<\(synced)")
        }
        for client in clients {
            if let debt = client.debt { throw Violation("owed", "\(client.name): \(debt)") }
        }
        for administrator in administrators {
            if let debt = administrator.debt { throw Violation("owed", debt) }
        }
        try checkListeners(life)
    }

    /// Holds what listeners were told against what is cut off; only when nothing is under way.
    func checkListeners(_ life: Life) throws(Violation) {
        let listening = subscribers.filter { $0.isComplete && !$0.isBehind }
        guard !listening.isEmpty else { return }
        let present = cutNames(life)
        for subscriber in listening {
            // A wallet that has never had anything is cut off without a notice.
            let known = subscriber.cut.union(subscriber.silent(present))
            guard known == present else {
                let (told, cut) = (subscriber.cut.sorted(), present.sorted())
                throw Violation("cutoffs", "\(subscriber.name) was told \(told), it is \(cut)")
            }
            statistics.listenersHeard += 1
        }
    }

    /// Everything that is cut off at the journal's end.
    private func cutNames(_ life: Life) -> Set<CutName> {
        let intake = life.engine.wirings[0].intake
        var names: Set<CutName> = []
        for (number, organisation) in model.live.organisations {
            for scope in organisation.scopes where organisation.isCutOff(scope) {
                guard let limit = LimitScope(rawValue: scope.scope) else { continue }
                let name = intake.name(of: limit, org: number, id: scope.id)
                names.insert(CutName(scope: limit, id: name))
            }
        }
        return names
    }
}
