import DaemonHarness

extension HTTPAnswer {
    /// The body of an answer whose length was not told, put together from its chunks.
    ///
    /// - Throws: `HarnessError` when it ends before its last chunk.
    func unchunked() throws -> String {
        guard head.contains(where: { $0.lowercased() == "transfer-encoding: chunked" }) else {
            return text
        }
        var body: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while true {
            guard let end = rest.firstIndex(of: 0x0D),
                let length = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16)
            else { throw HarnessError("an answer that ends early: \(text.suffix(200))") }
            if length == 0 { return String(decoding: body, as: UTF8.self) }
            let start = end + 2
            guard rest.endIndex >= start + length + 2 else {
                throw HarnessError("an answer that ends early: \(text.suffix(200))")
            }
            body += rest[start..<start + length]
            rest = rest[(start + length + 2)...]
        }
    }
}
