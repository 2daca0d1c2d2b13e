import ArgumentParser

/// The key under which a call that moves money is carried out once, however often it is sent.
struct IdempotencyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A text of your choice: the call is carried out once for each.",
            discussion: "A new one is made and shown when none is given.",
            valueName: "key"
        )
    )
    var idempotencyKey: String?

    /// The key; a new one is told before the call, so that a call whose answer was lost can be
    /// repeated safely.
    func announced() -> String {
        if let idempotencyKey { return idempotencyKey }
        let key = IdempotencyOptions.newKey()
        Console.hint(
            "Idempotency key: \(key). If this call's outcome stays unknown, repeat it with "
                + "--idempotency-key \(key): nothing is done twice."
        )
        return key
    }

    static func newKey() -> String {
        var generator = SystemRandomNumberGenerator()
        let words = (
            UInt64.random(in: .min ... .max, using: &generator),
            UInt64.random(in: .min ... .max, using: &generator)
        )
        return "ctl-" + hexadecimal(words.0) + hexadecimal(words.1)
    }

    private static func hexadecimal(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
