import MeterClient
import Quantities

/// The machines of the campaign's own system, with their prices as plain numbers.
///
/// Why: the proof must not ask the program under test what something costs.
enum PlannedSystem {
    /// Units of 10^-12 credits for an hour of a thousandth.
    static let vcpu: Int128 = 20_000_000
    static let memory: Int128 = 5_000_000
    static let storage: Int128 = 100_000
    /// Units of 10^-12 credits for a GiB sent.
    static let sent: Int128 = 90_000_000_000
    /// Credits for an hour of the two machines that are paid in advance.
    static let small: Int128 = 60
    static let large: Int128 = 350
    static let pack: Int128 = 40
    static let coupon: Int128 = 3
    static let included: Int128 = 100
    static let threshold: Int128 = 100
    static let topUp: Int128 = 25
    static let operation: Int128 = 20

    /// The same as the daemon reads it.
    ///
    /// - Parameter connector: The program that is asked for payments.
    /// - Returns: The YAML.
    static func card(connector: String) -> String {
        PlannedModel.card + """
              token: {prices: [{from: always, input: 1000000, output: 0}]}
            machine_unit: credits per hour and per GiB
            machines:
              gpu-s: {prices: [{from: always, hour: \(small), stopped: {hour: 0}}]}
              gpu-l: {prices: [{from: always, hour: \(large), stopped: {hour: 0}}]}
              standard:
                prices:
                  - from: always
                    vcpu_hour: 0.02
                    memory_gib_hour: 0.005
                    storage_gib_hour: 0.0001
                    sent_gib: 0.09
                    stopped: {storage_gib_hour: 0}
            offer:
              credit: {name: credit, value: 1, currency: EUR}
              packs: {small: {credits: \(pack), price: \(pack)}}
              custom: {}
              top_up: {allowed: true, retry_after_s: 1, retry_at_most_s: 1}
              coupons: {WELCOME: {credits: \(coupon)}}
              plans:
                team: {included_credits: {amount: \(included), period: month, lapses: true}}
              connectors:
                shop: {command: [\(connector)], timeout_s: 5, retry_after_s: 1, retry_at_most_s: 1}
              machine_runs:
                grace_s: 600
                stop_within_s: 3000
                start_within_s: 86400
                book_every_s: 1
                order_repeat_s: 2
                max_per_org: 10000

            """
    }

    /// A payment provider: of the first time it is asked it loses every other answer.
    ///
    /// - Parameter log: Where it notes what it was asked.
    /// - Returns: The script.
    static func connector(log: String) -> String {
        """
        #!/bin/sh
        read line
        id=$(echo "$line" | sed 's/.*"id":"\\([^"]*\\)".*/\\1/' | tr / -)
        echo "$id" >> \(log)
        if [ "$(grep -c "^$id\\$" \(log))" = 1 ]; then
            case $id in *[13579]) exit 1 ;; esac
        fi
        echo "{\\"status\\":\\"confirmed\\",\\"payment\\":\\"$id\\"}"
        """
    }
}

/// One boot of a machine: from its samples' own numbers follows what it costs.
struct PlannedBoot: Sendable {
    let deployment: String
    let boot: String
    let machine: String
    /// When it was booted.
    let start: Timestamp
    /// How long it runs, in milliseconds.
    let uptime: Int64
    var vcpu: UInt32 = 0
    var memory: UInt32 = 0
    var storage: UInt32 = 0
    var bytesPerSecond: Int64 = 0

    /// What it costs in all, in units of 10^-12 credits: exact, and rounded once, half to even.
    var cost: Int128 {
        if machine == "gpu-s" {
            let hours = Int128(uptime / 3_600_000) + 1
            return hours * PlannedSystem.small * 1_000_000_000_000
        }
        let rate =
            Int128(vcpu) * PlannedSystem.vcpu + Int128(memory) * PlannedSystem.memory
            + Int128(storage) * PlannedSystem.storage
        let (hour, gib): (Int128, Int128) = (3_600_000, 1 << 30)
        let dividend =
            rate * Int128(uptime) * gib + Int128(sent(at: uptime)) * PlannedSystem.sent * hour
        let divisor = hour * gib
        let (whole, rest) = dividend.quotientAndRemainder(dividingBy: divisor)
        let isUp = 2 * rest > divisor || (2 * rest == divisor && whole % 2 == 1)
        return isUp ? whole + 1 : whole
    }

    /// How many bytes it has sent by then.
    func sent(at uptime: Int64) -> Int64 { bytesPerSecond * uptime / 1000 }

    /// What it says at some moment of its life; the last thing is that it has stopped.
    func sample(at uptime: Int64) -> MachineSample {
        var sample = MachineSample(
            deployment: deployment,
            boot: boot,
            org: Systems.fleet,
            machine: machine,
            uptimeMilliseconds: UInt64(uptime)
        )
        sample.isRunning = uptime < self.uptime
        sample.at = start.advanced(byMicroseconds: uptime * 1000)
        guard machine == "standard" else { return sample }
        sample.vcpuThousandths = vcpu
        sample.memoryThousandths = memory
        sample.storageThousandths = storage
        sample.sentBytes = UInt64(sent(at: uptime))
        return sample
    }

    /// All that it says: in order, some of it twice, and now and again something that is old.
    func samples(_ random: inout SeededRandom) -> [MachineSample] {
        // It is seen running shortly before it stops, in the hour in which it stops.
        let last = uptime - 120_000
        let times = (0...6).map { last * $0 / 6 } + [uptime]
        var all: [MachineSample] = []
        for (index, time) in times.enumerated() {
            all.append(sample(at: time))
            switch random.next() % 4 {
            case 0: all.append(sample(at: time))
            case 1 where index > 0: all.append(sample(at: times[index - 1]))
            default: break
            }
        }
        return all
    }

    /// The two boots of a round's machine of one kind.
    ///
    /// - Parameters:
    ///   - machine: Its kind.
    ///   - round: Which round it begins in.
    ///   - base: When the first one is booted.
    ///   - random: The campaign's chance.
    /// - Returns: The first boot and the second.
    static func pair(
        _ machine: String,
        round: Int,
        base: Timestamp,
        _ random: inout SeededRandom
    ) -> [PlannedBoot] {
        var start = base
        return ["a", "b"].map { boot in
            let part = Int64(random.next() % 1_400_000)
            let hours = Int64(random.next() % 3)
            var plan = PlannedBoot(
                deployment: "\(machine)-\(round)",
                boot: "\(machine)-\(round)-\(boot)",
                machine: machine,
                start: start,
                uptime: hours * 3_600_000 + 300_000 + part
            )
            plan.vcpu = UInt32(500 + random.next() % 4000)
            plan.memory = UInt32(1000 + random.next() % 8000)
            plan.storage = UInt32(random.next() % 40_000)
            plan.bytesPerSecond = Int64(random.next() % 1_000_003)
            start = start.advanced(byMicroseconds: (plan.uptime + 7000) * 1000)
            return plan
        }
    }
}
