import Foundation
import ScenarioHarness

/// What `HTTP.md` promises: a scenario that needs a route is played as soon as it is documented.
enum Promised {
    private static let text: String = {
        let path = "\(ScenarioWorld.root)/Sources/ControlPlane/ControlPlane.docc/HTTP.md"
        return (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }()

    private static func has(_ route: String) -> Bool {
        text.contains("### \(route)\n")
    }

    static var plans: Bool { has("PUT /v1/organisations/{name}/plan") }
    static var coupons: Bool { has("POST /v1/organisations/{name}/coupons") }
    static var billing: Bool { has("PUT /v1/organisations/{name}/billing") }
    static var purchases: Bool { has("POST /v1/organisations/{name}/purchases") }
    static var topUps: Bool { has("PUT /v1/organisations/{name}/topup") }
    static var refunds: Bool { has("POST /v1/organisations/{name}/refunds") }
    static var alerts: Bool { has("GET /v1/organisations/{name}/alerts") }
    static var credits: Bool { has("GET /api/billing/credits") }
}
