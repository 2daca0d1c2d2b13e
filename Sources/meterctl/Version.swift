import ControlPlane
import Foundation

/// The program's version, which is the daemon's.
enum Version {
    static let text = MeterdVersion.text
}

extension Meterctl {
    static func exit(withStatus code: Int32) -> Never {
        Foundation.exit(code)
    }
}
