import Accounting
import PostgresStore

/// The rows of an organisation's alerts.
package struct StoredAlerts: Hashable {
    package var own: AlertRules?
    /// All that ever went off, by number.
    package var raised: [UInt64: AlertRaised] = [:]
    package var cleared: Set<UInt64> = []

    mutating func raise(_ body: AlertRaised) {
        raised[body.alert] = body
        if body.point.kind.isMomentary { cleared.insert(body.alert) }
    }

    mutating func clear(_ body: AlertCleared) throws(StoreError) {
        guard raised[body.alert] != nil else { throw .inconsistent("1 of 1 alerts are missing") }
        cleared.insert(body.alert)
    }

    /// As a daemon gets them at its start; nil for nothing.
    var snapshot: AlertSnapshot? {
        if own == nil, raised.isEmpty { return nil }
        let open = raised.values.filter { !cleared.contains($0.alert) }
            .sorted { $0.alert < $1.alert }
            .map { AlertCleared(alert: $0.alert, point: $0.point, value: $0.value) }
        return AlertSnapshot(own: own, last: raised.keys.max() ?? 0, raised: open)
    }
}
