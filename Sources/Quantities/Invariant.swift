/// Stops the program when something that must be true is not: a bug, never bad input.
///
/// Why: `precondition` prints nothing in a release build and `assert` disappears there. A daemon
/// that keeps books must stop rather than go on from a state it does not understand, and must
/// say why.
///
/// - Parameters:
///   - condition: What must hold.
///   - message: The broken promise, as a sentence.
///   - file: The caller's file.
///   - line: The caller's line.
@inlinable
@inline(__always)
public func invariant(
    _ condition: Bool,
    _ message: @autoclosure () -> StaticString,
    file: StaticString = #fileID,
    line: UInt = #line
) {
    if !condition {
        invariantBroken(message(), file: file, line: line)
    }
}

/// Reports a broken invariant and ends the process.
///
/// - Parameters:
///   - message: The broken promise, as a sentence.
///   - file: The caller's file.
///   - line: The caller's line.
@inline(never)
public func invariantBroken(
    _ message: StaticString,
    file: StaticString = #fileID,
    line: UInt = #line
) -> Never {
    fatalError("invariant broken: \(message)", file: file, line: line)
}
