import DaemonHarness
import Foundation
import Quantities
import Testing

/// What the five systems sell, from the files as they are shipped.
@Suite struct ShippedPurchaseTests {
    struct Sale: Sendable, CustomTestStringConvertible {
        let system: String
        /// Put on this plan first.
        var plan: String?
        let body: String
        /// The balance after it, or the code of the refusal and its field.
        let outcome: String
        var price: String?
        var testDescription: String { "\(system): \(body) on \(plan ?? "no plan")" }
    }

    static let sales = [
        Sale(system: "cloud-paas", body: #""credits":"10""#, outcome: "10", price: "10"),
        Sale(
            system: "cloud-paas",
            body: #""credits":"0.000000000001""#,
            outcome: "0.000000000001",
            price: "0.000000000001"
        ),
        Sale(system: "gpu-hourly", body: #""pack":"usd-20""#, outcome: "2000", price: "20"),
        Sale(system: "gpu-hourly", body: #""credits":"100""#, outcome: "100", price: "1"),
        Sale(system: "gpu-hourly", body: #""credits":"99""#, outcome: "invalid credits"),
        Sale(system: "llm-gateway", body: #""pack":"usd-50""#, outcome: "50", price: "50"),
        Sale(system: "llm-gateway", body: #""credits":"60""#, outcome: "invalid credits"),
        Sale(
            system: "workspace-api",
            plan: "pro",
            body: #""credits":"25""#,
            outcome: "25",
            price: "25"
        ),
        Sale(
            system: "workspace-api",
            plan: "pro",
            body: #""credits":"2.5""#,
            outcome: "invalid credits"
        ),
        Sale(
            system: "workspace-api",
            plan: "trial",
            body: #""credits":"25""#,
            outcome: "plan_required"
        ),
        Sale(
            system: "token-packs",
            plan: "free",
            body: #""pack":"starter""#,
            outcome: "plan_required"
        ),
        Sale(system: "token-packs", body: #""pack":"max""#, outcome: "15000000", price: "50"),
        Sale(system: "token-packs", body: #""pack":"mini""#, outcome: "invalid pack"),
    ]

    @Test func `each system sells what it says, and nothing else`() throws {
        for system in Set(Self.sales.map(\.system)).sorted() {
            let path = "\(Rates.root)/config/systems/\(system).yaml"
            let daemon = try TestDaemon(rates: String(contentsOfFile: path, encoding: .utf8))
            try daemon.start()
            for (number, sale) in Self.sales.enumerated() where sale.system == system {
                try expect(sale, "org-\(number)", of: daemon)
            }
            try daemon.waitUntilStored()
            try daemon.expectGreenAudit()
        }
    }

    private func expect(_ sale: Sale, _ name: String, of daemon: TestDaemon) throws {
        let admin = daemon.admin
        let path = "/v1/organisations/\(name)"
        try admin.createOrganisation(name)
        if let plan = sale.plan {
            try admin.request("PUT", "\(path)/plan", #"{"plan":"\#(plan)"}"#)
        }
        let before = try admin.organisation(name)["wallet"]["posted"].amount ?? .zero
        let answer = try admin.call("POST", "\(path)/purchases", #"{\#(sale.body),"payment":"p"}"#)
        let json = try answer.json()
        guard answer.status == 201 else {
            let words = [answer.code, json["error"]["field"].text].compactMap { $0 }
            #expect(words.joined(separator: " ") == sale.outcome, "\(sale): \(answer.text)")
            return
        }
        let gained = (json["wallet"]["posted"].amount ?? .zero) - before
        #expect("\(gained)" == sale.outcome, "\(sale)")
        #expect(json["purchase"]["price"].text == sale.price, "\(sale)")
    }

    /// workspace-api: nothing is bought by itself.
    @Test func `a system without top-ups refuses them`() throws {
        let path = "\(Rates.root)/config/systems/workspace-api.yaml"
        let daemon = try TestDaemon(rates: String(contentsOfFile: path, encoding: .utf8))
        try daemon.start()
        try daemon.admin.createOrganisation("acme")
        let answer = try daemon.admin.call(
            "PUT",
            "/v1/organisations/acme/topup",
            #"{"threshold":"1","amount":"5"}"#
        )
        #expect(answer.status == 400 && answer.text.contains("does not allow top-ups"))
    }
}
