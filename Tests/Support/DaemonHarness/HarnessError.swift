/// Why a test could not go on: the harness itself, the daemon or the database is not as it should
/// be.
package struct HarnessError: Error, CustomStringConvertible {
    /// What happened.
    package let description: String

    /// Makes an error.
    ///
    /// - Parameter description: What happened.
    package init(_ description: String) {
        self.description = description
    }
}
