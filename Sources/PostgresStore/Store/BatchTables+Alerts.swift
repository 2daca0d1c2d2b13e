import Accounting
import Quantities

extension BatchTables {
    /// Stores alerts, each behind all that were stored before.
    ///
    /// The row of `alert_places` is locked from here to the end of the transaction: no other lane
    /// can give a later place and be done sooner, so that nobody who reads by place misses any.
    /// It therefore comes last in the transaction, and the lock lasts as long as a COMMIT.
    private func insertAlerts() throws(StoreError) {
        let raised = sorted(batch.cold.raised)
        if raised.isEmpty { return }
        var arrays = AlertArrays()
        for change in raised { arrays.add(change) }
        _ = try run(
            """
            WITH places AS (
                UPDATE alert_places SET last = last + cardinality($1)
                RETURNING last - cardinality($1) AS before
            )
            INSERT INTO alerts (org, alert, kind, scope, id, period, threshold, value, measure, day,
                text, raised_at, cleared_at, place)
            SELECT d.org, d.alert, d.kind, d.scope, d.id, d.period, d.threshold, d.value, d.measure,
                d.day, d.text, d.at, CASE WHEN d.momentary THEN d.at END, p.before + d.number
            FROM places p CROSS JOIN unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                WITH ORDINALITY AS d (org, alert, kind, scope, id, period, threshold, value,
                    measure, day, text, at, momentary, number)
            """,
            arrays.all,
            "the alerts of a batch"
        )
    }

    private func clearAlerts() throws(StoreError) {
        let cleared = sorted(batch.cold.cleared)
        if cleared.isEmpty { return }
        var orgs = ArrayParameter.int8
        var numbers = ArrayParameter.int8
        var times = ArrayParameter.time
        for change in cleared {
            orgs.add(org: change.org)
            numbers.add(change.body.alert)
            times.add(change.at)
        }
        let answer = try run(
            """
            UPDATE alerts a SET cleared_at = d.at
            FROM unnest($1, $2, $3) AS d (org, alert, at)
            WHERE a.org = d.org AND a.alert = d.alert
            """,
            [orgs, numbers, times],
            "the recovered alerts of a batch"
        )
        try expect(answer, cleared.count, "alerts")
    }

    /// What alerts went off and recovered.
    ///
    /// - Throws: What the server says, or `inconsistent`.
    func writeAlerts() throws(StoreError) {
        try insertAlerts()
        try clearAlerts()
    }

    func writeAlertRules() throws(StoreError) {
        let rules = last(batch.cold.alertRules) { _ in 0 }
        if rules.isEmpty { return }
        try writeAlertRules(
            rules.filter { $0.body.rules != nil },
            """
            INSERT INTO alert_settings (org, rules, set_at) SELECT * FROM unnest($1, $2, $3)
            ON CONFLICT (org) DO UPDATE SET rules = excluded.rules, set_at = excluded.set_at
            """
        )
        try writeAlertRules(
            rules.filter { $0.body.rules == nil },
            """
            DELETE FROM alert_settings s USING unnest($1, $2, $3) AS d (org, rules, set_at)
            WHERE s.org = d.org
            """
        )
    }

    private func writeAlertRules(
        _ rules: [Dated<AlertsSet>],
        _ sql: String
    ) throws(StoreError) {
        if rules.isEmpty { return }
        var orgs = ArrayParameter.int8
        var texts = ArrayParameter.text
        var times = ArrayParameter.time
        for change in rules {
            orgs.add(org: change.org)
            texts.add(change.body.rules?.text ?? "")
            times.add(change.at)
        }
        _ = try run(sql, [orgs, texts, times], "the alert settings of a batch")
    }
}

extension StateLoader {
    func addAlerts(
        _ range: String,
        to loaded: inout [OrganisationSnapshot]
    ) throws(StoreError) {
        try merge(
            "SELECT org, rules FROM alert_settings WHERE org \(range) ORDER BY org",
            into: &loaded
        ) { (row, organisation) throws(StoreError) in
            let text = try row.text()
            guard let rules = AlertRules(text: text) else {
                throw .inconsistent("the alert settings \"\(text)\" are not readable")
            }
            organisation.alerts = AlertSnapshot(own: rules)
        }
        try merge(
            """
            SELECT org, max(alert) FROM alerts WHERE org \(range) AND org > 0
            GROUP BY org ORDER BY org
            """,
            into: &loaded
        ) { (row, organisation) throws(StoreError) in
            var alerts = organisation.alerts ?? AlertSnapshot()
            alerts.last = try row.unsigned64()
            organisation.alerts = alerts
        }
        try merge(StateLoader.openAlerts("\(range) AND org > 0"), into: &loaded) {
            (row, organisation) throws(StoreError) in
            organisation.alerts?.raised.append(try StateLoader.openAlert(&row))
        }
    }

    /// Alerts that concern no organisation have the number 0 in its place.
    func loadCommonAlerts(_ receive: (LoadedItem) -> Void) throws(StoreError) {
        var alerts = AlertSnapshot()
        try copy("SELECT coalesce(max(alert), 0) FROM alerts WHERE org = 0") {
            (row) throws(StoreError) in
            alerts.last = try row.unsigned64()
        }
        if alerts.last == 0 { return }
        try copy(StateLoader.openAlerts("= 0")) { (row) throws(StoreError) in
            _ = try row.org()
            alerts.raised.append(try StateLoader.openAlert(&row))
        }
        receive(.commonAlerts(alerts))
    }

    private static func openAlerts(_ range: String) -> String {
        """
        SELECT org, alert, kind, scope, id, period, threshold, value FROM alerts
        WHERE org \(range) AND cleared_at IS NULL ORDER BY org, alert
        """
    }

    private static func openAlert(_ row: inout FieldReader) throws(StoreError) -> AlertCleared {
        let alert = try row.unsigned64()
        let kind: AlertKind = try SQLName.value(try row.text(), SQLName.of)
        let scope: Scope = try SQLName.value(try row.text(), SQLName.of)
        let id = try row.number()
        let period: CapPeriod = try SQLName.value(try row.text(), SQLName.of)
        let threshold = try row.amount()
        let point = AlertPoint(
            kind: kind,
            scope: scope,
            id: id,
            period: period,
            threshold: threshold
        )
        return AlertCleared(alert: alert, point: point, value: try row.amount())
    }
}

extension SQLName {
    static func of(_ kind: AlertKind) -> String { kind.word }
}

extension AlertKind {
    /// The word for it in the database, in JSON and on the command line.
    public var word: String {
        switch self {
        case .lowBalance: "low_balance"
        case .capThreshold: "cap_threshold"
        case .dailySummary: "daily_summary"
        case .weeklySummary: "weekly_summary"
        case .deploymentCost: "deployment_cost"
        case .silentSource: "silent_source"
        case .topUpFailed: "topup_failed"
        case .topUpLimitReached: "topup_limit_reached"
        }
    }
}

/// The columns of new alerts.
private struct AlertArrays {
    private var orgs = ArrayParameter.int8
    private var numbers = ArrayParameter.int8
    private var kinds = ArrayParameter.text
    private var scopes = ArrayParameter.text
    private var ids = ArrayParameter.int4
    private var periods = ArrayParameter.text
    private var thresholds = ArrayParameter.numeric
    private var values = ArrayParameter.numeric
    private var measures = ArrayParameter.numeric
    private var days = ArrayParameter.date
    private var texts = ArrayParameter.text
    private var times = ArrayParameter.time
    private var momentary = ArrayParameter.bool

    var all: [ArrayParameter] {
        [
            orgs, numbers, kinds, scopes, ids, periods, thresholds, values, measures, days, texts,
            times, momentary,
        ]
    }

    mutating func add(_ change: Dated<AlertRaised>) {
        let body = change.body
        orgs.add(org: change.org)
        numbers.add(body.alert)
        kinds.add(SQLName.of(body.point.kind))
        scopes.add(SQLName.of(body.point.scope))
        ids.add(body.point.id)
        periods.add(SQLName.of(body.point.period))
        thresholds.add(body.point.threshold)
        values.add(body.value)
        measures.add(body.limit)
        days.add(body.day)
        texts.add(body.text)
        times.add(change.at)
        momentary.add(body.point.kind.isMomentary)
    }
}
