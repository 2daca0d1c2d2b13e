import Accounting
import Quantities

extension Engine {
    /// An organisation's machines, as memory has them now.
    ///
    /// - Parameter organisation: The organisation.
    /// - Returns: The machines, and how long the credits last.
    /// - Throws: `AdministrationError` when it is unknown.
    public func machines(
        organisation: String
    ) async throws(AdministrationError) -> MachinesInfo {
        let org = try number(organisation)
        let directory = self.directory
        let names = self.names
        let found = await look(org) { book, now, buffer -> MachinesInfo? in
            book.bringUp(org, to: now, into: buffer)
            guard let state = book.organisation(org) else { return nil }
            let projects = directory.entry(org)?.projects ?? []
            let isMetered = book.terms(of: org).billing?.mode != .unmetered
            var burn: Int128 = 0
            let machines = book.deployments(of: org).map { deployment in
                // The rate is the card's: an account that is not metered pays nothing.
                let rate = isMetered ? deployment.rate : 0
                burn += rate
                let index = Int(deployment.project) - 1
                return MachineInfo(
                    deployment,
                    rate: rate,
                    project: projects.indices.contains(index) ? projects[index] : nil,
                    machine: deployment.run.flatMap { names.name(.machine, $0.machine) }
                )
            }
            return MachinesInfo(
                machines: machines,
                available: state.available,
                burnPerHour: Amount(units: Rounding.halfToEven(burn, dividedBy: 1000)),
                runwaySeconds: Engine.runway(state.available, burn: burn)
            )
        }
        guard let found else { throw .notFound(what: "organisation", name: organisation) }
        return found
    }

    /// An organisation's orders that are not done.
    ///
    /// - Parameter organisation: The organisation.
    /// - Returns: The orders, by number.
    /// - Throws: `AdministrationError` when it is unknown.
    public func orders(organisation: String) async throws(AdministrationError) -> [OrderInfo] {
        let org = try number(organisation)
        return await look(org) { book, now, buffer in
            book.bringUp(org, to: now, into: buffer)
            return book.openOrders(of: org).map { open in
                OrderInfo(
                    order: UInt64(org) << 32 | UInt64(open.order.number),
                    deployment: open.deployment,
                    action: open.order.action == .stop ? "stop" : "resume",
                    reason: open.reason.word,
                    issuedAt: open.order.issuedAt
                )
            }
        }
    }

    /// How many whole seconds an amount lasts at a rate in 10^-15 credit an hour.
    private static func runway(_ available: Amount, burn: Int128) -> Int64? {
        guard burn > 0 else { return nil }
        guard available.isPositive else { return 0 }
        let (product, overflow) = available.units.multipliedReportingOverflow(by: 3_600_000)
        return overflow ? .max : Int64(clamping: product / burn)
    }
}
