import Accounting
import Engine
import HTTPTypes

/// Organisations and their projects.
enum OrganisationRoutes {
    static let all: [Route] = [
        .post("/v1/organisations", create),
        .get("/v1/organisations", list),
        .get("/v1/organisations/:name", show),
        .post("/v1/organisations/:name/close", close),
        .post("/v1/organisations/:name/projects", createProject),
        .get("/v1/organisations/:name/projects", projects),
        .get("/v1/organisations/:name/balance", balance),
    ]

    private static let create: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        var fields = try call.fields()
        let name = try fields.text("name")
        let zone = try fields.optionalText("zone")
        let plan = try fields.optionalText("plan")
        try fields.refuseRest()
        let info = try await call.administration.createOrganisation(
            name: name,
            zone: zone,
            plan: plan
        )
        return try .json(OrganisationBody(info), status: .created)
    }

    private static let list: @Sendable (Call) async throws -> Answer = { call in
        var filters = try call.filters()
        let after = try filters.optionalText("after")
        let limit = Int(try filters.optionalWhole("limit", in: 1...1000) ?? 100)
        try filters.refuseRest()
        // One more than asked for tells whether there is a next page.
        let names = call.administration.organisationNames(after: after, limit: limit + 1)
        let page = Array(names.prefix(limit))
        let next = names.count > limit ? page.last : nil
        return try .json(OrganisationNamesBody(organisations: page, next: next))
    }

    private static let show: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let info = try await call.administration.organisation(name: call.part("name"))
        return try .json(OrganisationBody(info))
    }

    private static let close: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        _ = try call.idempotencyKey()
        let name = try call.part("name")
        var fields = try call.fields()
        let reason = try fields.text("reason")
        try fields.refuseRest()
        let info: OrganisationInfo
        do {
            info = try await call.administration.closeOrganisation(name: name, reason: reason)
        } catch AdministrationError.accountClosed {
            // Closing is final, so that a repeat has nothing left to do: it answers the same.
            info = try await call.administration.organisation(name: name)
        }
        return try .json(OrganisationBody(info))
    }

    private static let createProject: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        var fields = try call.fields()
        let name = try fields.text("name")
        try fields.refuseRest()
        let info = try await call.administration.createProject(
            organisation: call.part("name"),
            name: name
        )
        return try .json(ProjectBody(info), status: .created)
    }

    private static let projects: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let info = try await call.administration.organisation(name: call.part("name"))
        return try .json(ProjectsBody(projects: info.projects.map { ProjectBody($0) }))
    }

    private static let balance: @Sendable (Call) async throws -> Answer = { call in
        var filters = try call.filters()
        let moment = try filters.optionalTime("at")
        try filters.refuseRest()
        if let moment {
            let name = try call.part("name")
            let info = try await call.administration.balance(organisation: name, at: moment)
            return try .json(BalanceAtBody(name, info))
        }
        let info = try await call.administration.organisation(name: call.part("name"))
        return try .json(BalanceBody(info))
    }
}
