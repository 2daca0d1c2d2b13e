import Testing

extension BadInputTests {
    /// A call, and how it is refused.
    struct Case: Sendable, CustomTestStringConvertible {
        var call: String
        var body: String?
        var key: String?
        var status: Int
        var code: String
        var field: String?
        var message: String

        var testDescription: String { "\(call) \(body ?? "")" }

        init(
            _ call: String,
            _ body: String?,
            key: String? = nil,
            _ status: Int,
            _ code: String,
            _ field: String?,
            _ message: String
        ) {
            self.init(call, status, code, field, message)
            self.body = body
            self.key = key
        }

        init(
            _ call: String,
            _ status: Int,
            _ code: String,
            _ field: String?,
            _ message: String
        ) {
            self.call = call
            self.status = status
            self.code = code
            self.field = field
            self.message = message
        }
    }
}
