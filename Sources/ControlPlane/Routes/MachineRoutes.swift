import Engine
import HTTPTypes

/// Machines, and the orders that they have not carried out.
enum MachineRoutes {
    static let all: [Route] = [
        .get("/v1/organisations/:name/machines", machines),
        .get("/v1/organisations/:name/orders", orders),
    ]

    private static let machines: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let info = try await call.administration.machines(organisation: call.part("name"))
        return try .json(MachinesBody(info))
    }

    private static let orders: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let orders = try await call.administration.orders(organisation: call.part("name"))
        return try .json(OrdersBody(orders: orders.map { OrderBody($0) }))
    }
}
