/// A request to the control plane.
public struct ControlRequest: Sendable, Hashable {
    /// The HTTP method.
    public var method: Method
    /// The path, from `/v1` on, its parts escaped.
    public var path: String
    /// The query's parameters, unescaped.
    public var query: [Parameter] = []
    /// The body, or nil.
    public var body: [UInt8]?
    /// The idempotency key, for calls that move money.
    public var idempotencyKey: String?
    /// The secret of a key, for the calls that an account makes by its own.
    public var bearer: String?

    /// The methods that the control plane takes.
    public enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    /// A query's parameter.
    public struct Parameter: Sendable, Hashable {
        let name: String
        let value: String
    }

    /// Makes a request without a body.
    ///
    /// - Parameters:
    ///   - method: The HTTP method.
    ///   - parts: The path's parts, unescaped.
    public init(_ method: Method, _ parts: String...) {
        self.init(method, path: parts)
    }

    /// Makes a request about an organisation, without a body.
    ///
    /// - Parameters:
    ///   - method: The HTTP method.
    ///   - organisation: Its name.
    ///   - parts: The path's parts behind the name, unescaped.
    public init(_ method: Method, of organisation: String, _ parts: String...) {
        self.init(method, path: ["v1", "organisations", organisation] + parts)
    }

    private init(_ method: Method, path parts: [String]) {
        self.method = method
        self.path = "/" + parts.map(ControlRequest.escaped).joined(separator: "/")
    }

    /// Adds a query's parameter, unless it is nil.
    ///
    /// - Parameters:
    ///   - name: The parameter's name.
    ///   - value: Its value, or nil to leave it out.
    public mutating func filter(_ name: String, _ value: String?) {
        if let value { query.append(Parameter(name: name, value: value)) }
    }

    /// Path and query as they are sent.
    public var target: String {
        if query.isEmpty { return path }
        let pairs = query.map { "\($0.name)=\(ControlRequest.escaped($0.value))" }
        return path + "?" + pairs.joined(separator: "&")
    }

    /// Escapes all but the unreserved characters of RFC 3986.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-", ".", "_", "~":
                result.unicodeScalars.append(scalar)
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}

/// What the control plane answered.
public struct ControlAnswer: Sendable, Hashable {
    /// The HTTP status.
    public var status: Int
    /// The body.
    public var body: [UInt8]

    /// Whether the request was carried out.
    public var isSuccess: Bool { (200..<300).contains(status) }

    /// The body as text.
    public var text: String { String(decoding: body, as: UTF8.self) }

    /// Reads the body.
    ///
    /// - Parameter type: What it should be.
    /// - Returns: The body.
    /// - Throws: `DecodingError` when it is something else.
    public func read<Body: Decodable>(_ type: Body.Type) throws -> Body {
        try ControlJSON.read(type, from: body)
    }
}

/// Why there is no answer.
public enum ControlClientError: Error, Sendable, Hashable {
    /// Nobody listens there, or we may not open it.
    case unreachable(path: String, reason: String)
    /// The connection ended before the answer was complete.
    case interrupted(reason: String)
    /// No answer within the time.
    case timedOut(seconds: Int)
}

extension ControlClientError: CustomStringConvertible {
    /// A sentence that ends with the next step.
    public var description: String {
        switch self {
        case .unreachable(let path, let reason):
            "Cannot reach meterd on \(path): \(reason). Is meterd running? "
                + "Give its control socket with --socket or METERD_CONTROL_SOCKET."
        case .interrupted(let reason):
            "The connection to meterd ended before its answer: \(reason). "
                + "It is safe to repeat the call."
        case .timedOut(let seconds):
            "meterd did not answer within \(seconds) s. It is safe to repeat the call."
        }
    }
}
