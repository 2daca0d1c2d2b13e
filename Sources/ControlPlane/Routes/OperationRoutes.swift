import Engine
import HTTPTypes

/// How the daemon is doing, its rate card, and what monitoring asks.
enum OperationRoutes {
    static let all: [Route] = [
        .get("/v1/status", status),
        .get("/v1/rates", rates),
        .post("/v1/rates/reload", reload),
        .get("/health", health),
        .get("/ready", ready),
        .get("/metrics", metrics),
    ]

    private static let status: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        return try .json(StatusBody(call.administration.status()))
    }

    private static let rates: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        return .text(call.administration.ratesText(), type: "application/yaml")
    }

    private static let reload: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        try call.fields().refuseRest()
        return try .json(RateCardBody(rateCard: try await call.administration.reloadRates()))
    }

    private static let health: @Sendable (Call) async throws -> Answer = { _ in
        try .json(HealthBody(status: "ok"))
    }

    private static let ready: @Sendable (Call) async throws -> Answer = { call in
        let report = call.administration.status()
        let body = ReadyBody(ready: report.ready, reasons: report.troubles)
        return try .json(body, status: report.ready ? .ok : .serviceUnavailable)
    }

    private static let metrics: @Sendable (Call) async throws -> Answer = { call in
        .text(
            MetricsPage.text(of: call.administration.status()),
            type: "text/plain; version=0.0.4; charset=utf-8"
        )
    }
}
