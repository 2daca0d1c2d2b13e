import Engine
import HTTPTypes

/// API keys.
enum KeyRoutes {
    static let all: [Route] = [
        .post("/v1/organisations/:name/keys", create),
        .get("/v1/organisations/:name/keys", list),
        .post("/v1/organisations/:name/keys/:key/rotate", rotate),
        .post("/v1/organisations/:name/keys/:key/revoke", revoke),
    ]

    private static let create: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        var fields = try call.fields()
        let name = try fields.text("name")
        let project = try fields.optionalText("project")
        try fields.refuseRest()
        let secret = try await call.administration.createKey(
            organisation: call.part("name"),
            name: name,
            project: project
        )
        return try .json(NewSecretBody(secret), status: .created)
    }

    private static let list: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let info = try await call.administration.organisation(name: call.part("name"))
        return try .json(KeysBody(keys: info.keys.map { KeyBody($0) }))
    }

    private static let rotate: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        try call.fields().refuseRest()
        let secret = try await call.administration.rotateKey(
            organisation: call.part("name"),
            name: call.part("key")
        )
        return try .json(NewSecretBody(secret))
    }

    private static let revoke: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        try call.fields().refuseRest()
        let key = try await call.administration.revokeKey(
            organisation: call.part("name"),
            name: call.part("key")
        )
        return try .json(KeyBody(key))
    }
}
