import DaemonHarness
import ScenarioHarness
import Testing

/// Calls of what is sold and to whom.
extension ScenarioWorld {
    /// A call that moves money, under a key of its own.
    ///
    /// Where PostgreSQL must say first whether a payment was used before, and is away, the call is
    /// made again when it is back, as its caller is told to.
    func money(_ method: String, _ path: String, _ body: String) throws -> HTTPAnswer {
        let key = Administrator.newIdempotencyKey
        var answer = try call(method, path, body, key)
        guard answer.status == 503, answer.code == "unavailable" else {
            return answer
        }
        try restoreDatabase()
        try wait(until: "PostgreSQL answers again: \(answer.text)", within: 20) {
            answer = try call(method, path, body, key)
            return answer.status != 503
        }
        return answer
    }

    private func call(
        _ method: String,
        _ path: String,
        _ body: String,
        _ key: String
    ) throws -> HTTPAnswer {
        try admin.call(
            method,
            "/v1/organisations/acme/\(path)",
            body,
            headers: ["Idempotency-Key": key]
        )
    }

    /// Puts `acme` on a plan.
    func setPlan(_ plan: String) throws {
        try admin.request("PUT", "/v1/organisations/acme/plan", #"{"plan":"\#(plan)"}"#)
    }

    /// Buys with money that is there already.
    ///
    /// - Parameters:
    ///   - what: JSON fields, such as `"pack":"starter"`.
    ///   - payment: The payment's name.
    /// - Throws: `HarnessError` when there is no answer.
    func buy(_ what: String, payment: String) throws {
        let answer = try money("POST", "purchases", #"{\#(what),"payment":"\#(payment)"}"#)
        #expect(answer.status == 201, "\(answer.text)")
    }

    /// Sets the top-up.
    func setTopUp(_ fields: String) throws {
        try admin.request("PUT", "/v1/organisations/acme/topup", "{\(fields)}")
    }

    /// How the top-up stands.
    func topUp() throws -> JSONValue {
        try admin.request("GET", "/v1/organisations/acme/topup")
    }

    /// The purchases that are asked for and not paid.
    func openPurchases() throws -> [JSONValue] {
        try admin.request("GET", "/v1/organisations/acme/purchases?state=open")["purchases"].list
    }

    /// Confirms the only open purchase.
    func confirm(payment: String) throws {
        let open = try openPurchases()
        #expect(open.count == 1)
        let number = try #require(open.first?["purchase"].int)
        let answer = try money("POST", "purchases/\(number)/confirm", #"{"payment":"\#(payment)"}"#)
        #expect(answer.status == 200, "\(answer.text)")
    }

    /// Fails the only open purchase.
    func fail(_ reason: String) throws {
        let open = try openPurchases()
        #expect(open.count == 1)
        let number = try #require(open.first?["purchase"].int)
        let answer = try money("POST", "purchases/\(number)/fail", #"{"reason":"\#(reason)"}"#)
        #expect(answer.status == 200, "\(answer.text)")
    }
}
