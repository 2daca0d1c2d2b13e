import Accounting
@testable import Engine
import Quantities

extension FakeAdministration {
    func machines(organisation: String) async throws(AdministrationError) -> MachinesInfo {
        let wallet = try account(organisation).info.wallet
        let machine = MachineInfo(
            deployment: "web",
            project: nil,
            status: "running",
            reason: nil,
            machine: "gpu-s",
            run: 1,
            mode: "hourly",
            startedAt: FakeAdministration.now,
            lastSampleAt: FakeAdministration.now,
            endedAt: nil,
            hours: 1,
            sentBytes: 0,
            cost: Amount(credits: 60),
            burnPerHour: Amount(credits: 60),
            paidUntil: FakeAdministration.now.advanced(byMicroseconds: 3_600_000_000),
            order: nil
        )
        return MachinesInfo(
            machines: [machine],
            available: wallet.available,
            burnPerHour: Amount(credits: 60),
            runwaySeconds: 3600
        )
    }

    func orders(organisation: String) async throws(AdministrationError) -> [OrderInfo] {
        _ = try account(organisation)
        return [
            OrderInfo(
                order: 1 << 32 | 7,
                deployment: "web",
                action: "stop",
                reason: "insufficient_credits",
                issuedAt: FakeAdministration.now
            )
        ]
    }
}
