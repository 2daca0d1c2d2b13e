/// All hostile clients, in the order of the table.
package enum HostileClients {
    /// One of each.
    package static let all: [any HostileClient] = [
        Burner(), Crowd(), Churn(), DeafCaller(), DeafSubscriber(), DeafReporter(), NameInventor(),
        HelloFlood(), Promiser(), SlowLoris(), Hoarder(), KeyFlood(), Garbage(),
    ]
}
