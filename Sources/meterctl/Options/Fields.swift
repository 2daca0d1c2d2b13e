import ControlPlane

/// A request's body: names with texts, those that are nil left out.
struct Fields: Encodable {
    private let fields: [String: Value]

    private enum Value: Encodable {
        case text(String)
        case whole(Int)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .whole(let number): try container.encode(number)
            }
        }
    }

    init(_ texts: [(name: String, value: String?)], whole: [(name: String, value: Int?)] = []) {
        var fields: [String: Value] = [:]
        for (name, value) in texts { fields[name] = value.map { .text($0) } }
        for (name, value) in whole { fields[name] = value.map { .whole($0) } }
        self.fields = fields
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(fields)
    }

    /// The body's bytes.
    var json: [UInt8] {
        get throws { try ControlJSON.bytes(self) }
    }
}
