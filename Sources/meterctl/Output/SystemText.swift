import Foundation

/// What the system says of its error numbers.
enum SystemText {
    /// The reason as the middle of a sentence: "no such file or directory".
    static func reason(_ number: Int32) -> String {
        String(cString: strerror(number)).lowercased()
    }
}
