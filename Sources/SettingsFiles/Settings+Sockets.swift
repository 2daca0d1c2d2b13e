extension Settings {
    /// Who this daemon is.
    public struct Node: Sendable {
        /// The name that the writer lease, the checkpoint and the metrics carry.
        public var name = "default"
        /// The folder of everything this daemon keeps on disk.
        public var stateDirectory = "/var/lib/meterd"
    }

    /// The socket that gateways and machines speak to.
    public struct DataSocket: Sendable {
        /// Where it is; not used when the service manager hands the socket over.
        public var path = "/run/meterd/meterd.sock"
        /// Its permissions.
        public var mode: UInt32 = 0o660
        /// Who owns it, by name or number; empty: who runs the daemon.
        public var owner = ""
        /// Its group, by name or number; empty: that of the daemon.
        public var group = ""
        /// Users that may connect besides root and the daemon's own, by name or number.
        public var allowUsers: [String] = []
        /// Groups whose members may connect, by name or number.
        public var allowGroups: [String] = []
        /// How many connections are open at most.
        public var maxConnections = 1024
        /// The longest binary frame.
        public var maxFrameBytes = 1 << 20
        /// The longest JSON line.
        public var maxLineBytes = 65_536
        /// What is read at once from a connection.
        public var readBufferBytes = 262_144
        /// Answers that wait for a client that does not read; beyond it the client is cut.
        public var sendBufferBytes = 4 << 20
    }

    /// The socket of `meterctl`.
    public struct ControlSocket: Sendable {
        /// Where it is; not used when the service manager hands the socket over.
        public var path = "/run/meterd/control.sock"
        /// Its permissions.
        public var mode: UInt32 = 0o660
        /// Its group, by name or number; empty: that of the daemon.
        public var group = ""
    }

    /// The control plane on loopback TCP.
    public struct ControlTCP: Sendable {
        /// `off`, or a loopback address and port such as `127.0.0.1:9464`.
        public var listen = "off"

        /// The address and port, or nil when it is off.
        public var endpoint: (host: String, port: Int)? { SettingsEndpoint.parse(listen) }
    }
}
