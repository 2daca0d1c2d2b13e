import FoundationEssentials
import Quantities

/// How bodies are written and read: snake case, sorted keys, amounts and times as text.
public enum ControlJSON {
    /// The JSON of a body, without a line break at its end.
    ///
    /// - Parameters:
    ///   - body: What to write.
    ///   - pretty: Whether people will read it.
    /// - Returns: UTF-8.
    /// - Throws: `EncodingError`; a bug, for bodies only hold what JSON can carry.
    public static func bytes(_ body: some Encodable, pretty: Bool = false) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        return Array(try encoder.encode(body))
    }

    /// Reads a body.
    ///
    /// - Parameters:
    ///   - type: What it should be.
    ///   - bytes: The JSON.
    /// - Returns: The body.
    /// - Throws: `DecodingError` when it is something else.
    public static func read<Body: Decodable>(_ type: Body.Type, from bytes: [UInt8]) throws -> Body
    {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(bytes))
    }
}

extension Amount: Codable {
    /// Reads a decimal string.
    ///
    /// - Parameter decoder: Where from.
    /// - Throws: `DecodingError` when it is a JSON number, or no decimal.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do {
            try self.init(decimal: text)
        } catch {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\"\(text)\" \(error)"
            )
        }
    }

    /// Writes the canonical decimal as a string.
    ///
    /// - Parameter encoder: Where to.
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Timestamp: Codable {
    /// Reads an RFC 3339 time.
    ///
    /// - Parameter decoder: Where from.
    /// - Throws: `DecodingError` when it is none.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let time = Timestamp(rfc3339: text.utf8) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\"\(text)\" is not an RFC 3339 time"
            )
        }
        self = time
    }

    /// Writes RFC 3339 in UTC.
    ///
    /// - Parameter encoder: Where to.
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// Nil for `never`: JSON leaves the field out.
    var unlessNever: Timestamp? { self == .never ? nil : self }
}
