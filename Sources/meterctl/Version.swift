import Foundation

/// The program's version.
enum Version {
    static let text = "0.1.0"
}

extension Meterctl {
    static func exit(withStatus code: Int32) -> Never {
        Foundation.exit(code)
    }
}
