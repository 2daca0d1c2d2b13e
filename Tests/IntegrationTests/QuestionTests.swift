import DaemonHarness
import Foundation
import Quantities
import Testing

/// Goal: what people ask about their money is answered to the last digit.
///
/// Method: requests through the real socket; each answer against plain SQL over the lines.
@Suite struct QuestionTests {
    private static let path = "/v1/organisations/acme"

    /// Requests of two keys, two projects and three models, some failed, some cached.
    private func books(_ count: Int = 60) throws -> TestDaemon {
        let daemon = try TestDaemon.started(balance: "1000")
        let admin = daemon.admin
        try admin.createProject("web", of: "acme")
        let web = try admin.createKey("web-key", of: "acme", project: "web")
        let other = try admin.createKey("other", of: "acme")
        try report(count, from: 0, daemon, [key(web), key(other), org("acme")])
        return daemon
    }

    private func report(
        _ count: Int,
        from first: Int,
        _ daemon: TestDaemon,
        _ accounts: [String] = [org("acme")]
    ) throws {
        let client = try LineClient(daemon)
        try client.hello("gateway-\(first)")
        for number in 0..<count {
            var usage = Usage(id: "r-\(first + number)", sequence: number + 1)
            usage.account = accounts[number % accounts.count]
            usage.model = ["plain", "flat", "free"][number % 7 % 3]
            // Scattered, so that the dearest are neither the first nor the last.
            usage.input = (number * 7919 + first) % 1009 * 1000 + 500
            usage.output = number % 5
            usage.more =
                "\"cache_read_input_tokens\":\(number % 400),\"latency_ms\":\(number + 1)"
                + (number % 11 == 3 ? ",\"status\":\"error\"" : "")
                + ",\"session\":\"s-\(number % 2)\""
            client.send(usage.line)
        }
        try client.waitForAck(count)
        try daemon.waitUntilStored()
    }

    /// The names and the lines that they stand for, in plain SQL.
    private static let groups = [
        "model": "n.name FROM usage_lines l JOIN names n ON n.kind = 'model' AND number = l.model",
        "key": "coalesce(k.name, '') FROM usage_lines l LEFT JOIN keys k USING (org, key)",
        "project": "coalesce(p.name, '') FROM usage_lines l LEFT JOIN projects p"
            + " USING (org, project)",
        "day": "day::text FROM usage_lines l",
    ]

    @Test(arguments: ["model", "key", "project", "day"])
    func `spend is what the lines come to`(by: String) throws {
        let daemon = try books()
        let group = try #require(Self.groups[by])
        let sums = "count(*), trim_scale(-sum(amount)), sum(cache_read_input_tokens)"
        let rows = try daemon.database.query(
            "SELECT name, \(sums) FROM (SELECT l.amount, l.cache_read_input_tokens, "
                + group.replacing(" FROM ", with: " AS name FROM ", maxReplacements: 1)
                + ") AS lines GROUP BY name"
        )
        let report = try daemon.admin.request("GET", "\(Self.path)/spend?by=\(by)&days=14")
        let spent = report["rows"].list.filter { $0["requests"].int != 0 }
        #expect(spent.count == rows.count)
        for row in rows {
            let name = row[0] == "" ? nil : row[0]
            let found = try #require(spent.first { $0["name"].text == name }, "\(name ?? "-")")
            #expect(found["requests"].int.map { "\($0)" } == row[1])
            #expect(found["spend"].text == row[2])
            #expect(found["charged"].text == row[2])
            #expect(found["corrected"].text == "0")
            #expect(found["cache_read_input_tokens"].int.map { "\($0)" } == row[3])
        }
        #expect(try report["total"].amount == daemon.storedCharge())
        #expect(report["trend"].text == "up")
        #expect(report["before"].text == "0")
        if by == "day" {
            #expect(report["rows"].list.count == 14)
            #expect(report["rows"][0]["spend"].text == "0")
            #expect(report["rows"][13]["name"].text == report["through"].text)
        } else {
            let order = spent.compactMap { $0["spend"].amount }
            #expect(order == order.sorted(by: >))
        }
        try daemon.expectGreenAudit()
    }

    @Test func `deployments without machines have no spend`() throws {
        let daemon = try books(3)
        let report = try daemon.admin.request("GET", "\(Self.path)/spend?by=deployment")
        #expect(report["rows"].list.isEmpty)
        #expect(report["total"].text == "0")
    }

    @Test func `the dearest requests are those of the lines, also after a crash`() throws {
        let daemon = try books(120)
        func expectDearest(_ limit: Int) throws {
            let rows = try daemon.database.query(
                "SELECT request_id, trim_scale(-amount) FROM usage_lines"
                    + " ORDER BY amount, line LIMIT \(limit)"
            )
            let answer = try daemon.admin.request("GET", "\(Self.path)/dearest?limit=\(limit)")
            let found = answer["requests"].list
            #expect(found.map { $0["id"].text } == rows.map { $0[0] })
            #expect(found.map { $0["charge"].text } == rows.map { $0[1] })
            #expect(found.first?["latency_ms"].int != nil)
        }
        try expectDearest(10)
        daemon.kill()
        try daemon.start()
        try report(500, from: 1000, daemon)
        try expectDearest(10)
        try expectDearest(3)
        try daemon.expectGreenAudit()
        // The audit would see a list that is wrong.
        try daemon.database.query("UPDATE dearest SET entries = set_byte(entries, 7, 1)")
        #expect(try daemon.admin.audit()["green"].bool == false)
    }

    @Test(arguments: ["csv", "jsonl"])
    func `an export is whole, and its total is the ledger's`(format: String) throws {
        // More than two pages, so that their seams are in it.
        let daemon = try books(4_500)
        for what in ["ledger", "usage"] {
            let answer = try daemon.admin.call(
                "GET",
                "\(Self.path)/export?what=\(what)&format=\(format)",
                within: 60
            )
            #expect(answer.status == 200)
            // A line break of CSV is two bytes and one character.
            let rows = try answer.unchunked().split(whereSeparator: \.isNewline).map(String.init)
            let lines = what == "ledger" ? 4_501 : 4_500
            #expect(rows.count == lines + (format == "csv" ? 2 : 1))
            let last = try #require(rows.last)
            let sum =
                try what == "ledger"
                ? daemon.posted() : try amount("1000") - daemon.posted()
            if format == "csv" {
                let cells = last.split(separator: ",", omittingEmptySubsequences: false)
                #expect(cells[0] == "total")
                let place = what == "ledger" ? 3 : 14
                #expect(try amount(String(cells[place])) == sum)
                let all = try rows.dropFirst().dropLast().reduce(Amount.zero) { total, row in
                    let cells = row.split(separator: ",", omittingEmptySubsequences: false)
                    return try total + amount(String(cells[place]))
                }
                #expect(all == sum)
            } else {
                let total = try JSONValue(parsing: last)
                #expect(total["total"].int == lines)
                #expect(total["amount"].amount == sum)
                if what == "ledger" {
                    #expect(total["opening_balance"].text == "0")
                    #expect(try total["closing_balance"].amount == daemon.posted())
                }
                let numbers = try rows.dropLast().compactMap {
                    try JSONValue(parsing: $0)["line"].int
                }
                #expect(numbers == (what == "ledger" ? Array(1...4_501) : Array(2...4_501)))
            }
        }
    }

    @Test func `credits are told to their owner by a key, and to an operator by name`() throws {
        let daemon = try TestDaemon.started(balance: "10")
        let admin = daemon.admin
        try admin.createProject("web", of: "acme")
        let secret = try admin.createKey("k", of: "acme", project: "web")
        try admin.grant("5", to: "acme", class: "promotional")
        let client = try LineClient(daemon)
        var usage = Usage(id: "a", account: key(secret), input: 2_000_000)
        usage.more = #""session":"s-1""#
        _ = try client.report(usage)
        try daemon.waitUntilStored()
        let bearer = ["Authorization": "Bearer \(secret)"]
        let credits = try admin.request("GET", "/api/billing/credits", headers: bearer)
        #expect(credits["organisation"].text == "acme")
        #expect(credits["balance"].text == "13")
        let history = credits["history"].list
        #expect(history.map { $0["type"].text } == ["deduction", "grant", "purchase"])
        #expect(history.map { $0["amount"].text } == ["-2", "5", "10"])
        #expect(history[0]["resource"]["project"].text == "web")
        #expect(history[0]["resource"]["session"].text == "s-1")
        #expect(history.allSatisfy { $0["time"].text != nil })
        let named = try admin.request("GET", "/api/billing/credits?organisation=acme")
        #expect(named == credits)
        func refusal(_ query: String, _ header: String?) throws -> (Int, String?) {
            let headers = header.map { ["Authorization": $0] } ?? [:]
            let answer = try admin.call("GET", "/api/billing/credits\(query)", headers: headers)
            return (answer.status, answer.code)
        }
        #expect(try refusal("", nil) == (401, "invalid_key"))
        #expect(try refusal("", "Bearer mk_wrong") == (401, "invalid_key"))
        #expect(try refusal("", secret) == (401, "invalid_key"))
        #expect(try refusal("?organisation=acme", "Bearer \(secret)") == (400, "invalid"))
        #expect(try refusal("?organisation=nobody", nil) == (404, "not_found"))
        #expect(try refusal("?limit=0&organisation=acme", nil) == (400, "invalid"))
        _ = try admin.rotateKey("k", of: "acme")
        #expect(try refusal("", "Bearer \(secret)") == (401, "invalid_key"))
    }

    @Test func `the runway and the month follow from what was spent of late`() throws {
        let daemon = try TestDaemon.started(balance: "100")
        let client = try LineClient(daemon)
        _ = try client.report(Usage(id: "a", input: 3_000_000))
        try daemon.admin.grant("7", to: "acme")
        _ = try client.report(Usage(id: "b", input: 4_000_000))
        try daemon.waitUntilStored()
        let found = try daemon.admin.request("GET", "\(Self.path)/outlook")
        for span in ["last_day", "last_week"] {
            // A young account is judged by an hour.
            #expect(found[span]["seconds"].int == 3600)
            #expect(found[span]["charged"].text == "7")
            // 100 credits at 7 an hour.
            #expect(found[span]["runway_seconds"].int == 51_428)
        }
        #expect(found["spend"]["month"].text == "7")
        let end = try #require(found["month_ends_at"].text)
        let at = try #require(found["at"].text)
        let projected = try daemon.database.value(
            "SELECT trim_scale(round(7 + 7 * floor(extract(epoch FROM '\(end)'::timestamptz"
                + " - '\(at)'::timestamptz)) / 3600, 12))"
        )
        #expect(found["month_projected"].text == projected)
        try daemon.admin.createOrganisation("idle")
        let idle = try daemon.admin.request("GET", "/v1/organisations/idle/outlook")
        #expect(idle["last_day"]["runway_seconds"] == .null)
        #expect(idle["month_projected"].text == "0")
    }

    @Test func `suggestions come with the numbers behind them`() throws {
        let daemon = try TestDaemon.started(rates: Rates.gateway(), balance: "100")
        let client = try LineClient(daemon)
        func sonnet(_ id: String, _ input: Int) throws {
            _ = try client.report(Usage(id: id, model: "claude-sonnet", input: input))
        }
        for number in 0..<8 { try sonnet("a-\(number)", 150_000) }
        // 205,000 is within a tenth of the cliff at 200,000; 300,000 is not.
        try sonnet("near", 205_000)
        try sonnet("far", 300_000)
        try daemon.waitUntilStored()
        let found = try daemon.admin.request("GET", "\(Self.path)/suggestions")["suggestions"].list
        let cached = try #require(found.first { $0["kind"].text == "cached_input" })
        // Half of 1,705,000 uncached tokens, at 3 - 0.30 a million.
        #expect(cached["figures"]["uncached_input_tokens"].text == "1705000")
        #expect(cached["saving"].text == "2.30175")
        let cliff = try #require(found.first { $0["kind"].text == "price_cliff" })
        #expect(cliff["figures"]["requests"].text == "1")
        #expect(cliff["figures"]["charged"].text == "1.23")
        #expect(cliff["figures"]["below_the_cliff"].text == "0.615")
        #expect(cliff["saving"].text == "0.615")
    }

    @Test func `a wrong question is answered with the field, and harms nobody`() throws {
        let daemon = try books(3)
        func refusal(_ target: String) throws -> (Int, String?, String?) {
            let answer = try daemon.admin.call("GET", "\(Self.path)/\(target)")
            return (answer.status, answer.code, try answer.json()["error"]["field"].text)
        }
        for target in ["spend?days=0", "spend?days=367", "spend?days=x", "dearest?days=-1"] {
            #expect(try refusal(target) == (400, "invalid", "days"), "\(target)")
        }
        #expect(try refusal("spend?by=moon") == (400, "invalid", "by"))
        #expect(try refusal("spend?days=1&days=2") == (400, "invalid", "days"))
        #expect(try refusal("spend?day=1") == (400, "invalid", "day"))
        #expect(try refusal("dearest?limit=11") == (400, "invalid", "limit"))
        #expect(try refusal("outlook?x=1") == (400, "invalid", "x"))
        #expect(try refusal("suggestions?days=7") == (400, "invalid", "days"))
        #expect(try refusal("export?what=all") == (400, "invalid", "what"))
        #expect(try refusal("export?format=xlsx") == (400, "invalid", "format"))
        #expect(try refusal("export?from=yesterday") == (400, "invalid", "from"))
        #expect(try refusal("usage?project=nothing") == (404, "not_found", nil))
        #expect(try refusal("usage?session=%00") == (400, "invalid", "session"))
        #expect(try refusal("usage?from=0001-01-01T00:00:00%2B02:00") == (400, "invalid", "from"))
        let long = Date().addingTimeInterval(-32 * 86_400).ISO8601Format()
        for filter in ["session=s-0", "project=web", "model=plain", "status=ok"] {
            #expect(try refusal("usage?\(filter)&from=\(long)") == (400, "invalid", "from"))
        }
        #expect(try daemon.admin.usage("acme", "from=\(long)").count > 0)
        let past = Date().addingTimeInterval(-40 * 86_400).ISO8601Format()
        let end = Date().addingTimeInterval(-10 * 86_400).ISO8601Format()
        #expect(try daemon.admin.usage("acme", "session=s-0&from=\(past)&to=\(end)").isEmpty)
        for target in ["outlook", "spend", "dearest", "suggestions", "export"] {
            let answer = try daemon.admin.call("GET", "/v1/organisations/nobody/\(target)")
            #expect(answer.status == 404, "\(target)")
        }
        #expect(try daemon.admin.usage("acme", "project=web").count == 1)
        #expect(try daemon.admin.usage("acme", "session=s-0").count == 2)
        try daemon.expectGreenAudit()
    }
}
