/// Where the control plane listens, and what it bears.
public struct ControlSettings: Sendable, Hashable {
    /// The Unix socket's path.
    public var socketPath: String
    /// The socket's permission bits, such as `0o660`.
    public var mode: UInt32
    /// The group that owns the socket, by name or number; empty leaves it as it is.
    public var group: String
    /// A loopback address to listen on too, or nil.
    public var loopback: Endpoint?
    /// How many bytes a request's body may have.
    public var maximumBodyBytes: Int
    /// How many connections are open at once; more wait.
    public var maximumConnections: Int
    /// After how many seconds without a byte a connection is closed.
    public var idleTimeoutSeconds: Int

    /// A host and a port.
    public struct Endpoint: Sendable, Hashable {
        /// `localhost`, `::1` or an address in 127.0.0.0/8.
        public var host: String
        /// The port; 0 for any that is free.
        public var port: Int

        /// Makes an endpoint.
        ///
        /// - Parameters:
        ///   - host: `localhost`, `::1` or an address in 127.0.0.0/8.
        ///   - port: The port; 0 for any that is free.
        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// Makes the settings.
    ///
    /// - Parameters:
    ///   - socketPath: The Unix socket's path.
    ///   - mode: The socket's permission bits.
    ///   - group: The group that owns the socket, by name or number; empty leaves it as it is.
    ///   - loopback: A loopback address to listen on too, or nil.
    ///   - maximumBodyBytes: How many bytes a request's body may have; 64 KiB is a hundred times
    ///     what the largest call needs.
    ///   - maximumConnections: How many connections are open at once; more wait.
    ///   - idleTimeoutSeconds: After how many seconds without a byte a connection is closed.
    public init(
        socketPath: String,
        mode: UInt32 = 0o660,
        group: String = "",
        loopback: Endpoint? = nil,
        maximumBodyBytes: Int = 64 * 1024,
        maximumConnections: Int = 64,
        idleTimeoutSeconds: Int = 60
    ) {
        self.socketPath = socketPath
        self.mode = mode
        self.group = group
        self.loopback = loopback
        self.maximumBodyBytes = maximumBodyBytes
        self.maximumConnections = maximumConnections
        self.idleTimeoutSeconds = idleTimeoutSeconds
    }
}
