import Glibc
import Testing

@testable import meterd

/// Goal: what systemd hands over is understood, and what is meant for others is left alone.
///
/// Method: environments as systemd makes them; no systemd is needed.
@Suite struct SystemdTests {
    private func systemd(_ environment: [String: String], processID: Int32 = 4711) -> Systemd {
        Systemd(environment: environment, processID: processID)
    }

    @Test func `without systemd there is nothing, and nothing is sent`() {
        let none = systemd([:])
        #expect(none.notifySocket == nil)
        #expect(none.listeners.isEmpty)
        #expect(none.listener(named: "data") == nil)
        #expect(none.watchdogPeriodMicroseconds == nil)
        #expect(none.credential(named: "pgpass") == nil)
        #expect(none.send(.ready) == 0)
    }

    @Test func `sockets are found by the names of their units`() {
        let environment = [
            "LISTEN_PID": "4711", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "data:control",
        ]
        let both = systemd(environment)
        #expect(both.listener(named: "data") == 3)
        #expect(both.listener(named: "control") == 4)
        #expect(both.listener(named: "other") == nil)
    }

    @Test func `sockets of one name stay in their order`() {
        let environment = [
            "LISTEN_PID": "4711", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "data:control:data",
        ]
        #expect(systemd(environment).listeners == ["data": [3, 5], "control": [4]])
    }

    @Test(arguments: ["", "data", "data:"])
    func `a socket without a name is called unknown`(names: String) {
        let environment = ["LISTEN_PID": "4711", "LISTEN_FDS": "2", "LISTEN_FDNAMES": names]
        #expect(systemd(environment).listeners["unknown"]?.last == 4)
    }

    @Test func `sockets without any names are all unknown`() {
        let environment = ["LISTEN_PID": "4711", "LISTEN_FDS": "2"]
        #expect(systemd(environment).listeners == ["unknown": [3, 4]])
    }

    @Test(arguments: [nil, "", "4712", "-4711", "systemd"] as [String?])
    func `sockets for another process are not ours`(pid: String?) {
        var environment = ["LISTEN_FDS": "1", "LISTEN_FDNAMES": "data"]
        environment["LISTEN_PID"] = pid
        #expect(systemd(environment).listeners.isEmpty)
    }

    @Test(arguments: [nil, "", "0", "-1", "1025", "99999999999", "two"] as [String?])
    func `a count that cannot be is no count`(count: String?) {
        var environment = ["LISTEN_PID": "4711", "LISTEN_FDNAMES": "data"]
        environment["LISTEN_FDS"] = count
        #expect(systemd(environment).listeners.isEmpty)
    }

    @Test func `the watchdog is told twice in its interval`() {
        let watched = systemd(["WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "4711"])
        #expect(watched.watchdogMicroseconds == 20_000_000)
        #expect(watched.watchdogPeriodMicroseconds == 10_000_000)
        #expect(systemd(["WATCHDOG_USEC": "1"]).watchdogPeriodMicroseconds == 1)
    }

    @Test func `a watchdog without a process is for whoever reads it`() {
        #expect(systemd(["WATCHDOG_USEC": "5000000"]).watchdogMicroseconds == 5_000_000)
    }

    @Test(arguments: [
        ["WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "4712"],
        ["WATCHDOG_USEC": "20000000", "WATCHDOG_PID": ""],
        ["WATCHDOG_USEC": "0"], ["WATCHDOG_USEC": ""], ["WATCHDOG_USEC": "-1"],
        ["WATCHDOG_PID": "4711"],
    ])
    func `no watchdog of ours is none`(environment: [String: String]) {
        #expect(systemd(environment).watchdogMicroseconds == nil)
    }

    @Test func `a credential is a file in the folder of credentials`() {
        let credentials = systemd(["CREDENTIALS_DIRECTORY": "/run/credentials/meterd.service"])
        let file = credentials.credential(named: "pgpass")
        #expect(file == "/run/credentials/meterd.service/pgpass")
    }
}
