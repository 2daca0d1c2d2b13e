import Glibc
import Quantities
import Rating
import SettingsFiles
import Testing

/// The LiteLLM price list beside the repository, which is not part of it.
enum PublishedList {
    static let path: String = {
        // .../Tests/SettingsFilesTests/<this file>: three steps up is the package; links are followed.
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let isFound = realpath(#filePath, &buffer) != nil
        let file = isFound ? String(cString: buffer) : #filePath
        let parts = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        return parts.joined(separator: "/") + "/../shared/data/litellm-model-prices.json"
    }()

    static let isPresent: Bool = {
        let found = access(path, R_OK) == 0
        if !found {
            print("LiteLLMListTests: SKIPPED, THE PRICE LIST IS NOT THERE: \(path)")
        }
        return found
    }()

    /// The list's text, read without the code under test.
    static func text() throws -> String {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes.append(contentsOf: chunk[0..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Model, field and number text of every numeric field at the top level of an entry.
    ///
    /// The list has one field a line and a fixed indentation, so that lines suffice, and nothing of
    /// the reading under test is used.
    static func fields() throws -> [String: [String: String]] {
        var result: [String: [String: String]] = [:]
        var model = ""
        for line in try text().split(separator: "\n") {
            let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
            if line.hasPrefix("    \""), parts.count == 3, parts[2] == ": {" {
                model = String(parts[1])
            } else if line.hasPrefix("        \""), parts.count == 3, parts[2].hasPrefix(": ") {
                let number = parts[2].dropFirst(2).filter { $0 != "," }
                result[model, default: [:]][String(parts[1])] = number
            }
        }
        return result
    }
}

/// Goal: every price of the list is carried to the last digit, or named. Method: an independent reading
/// by lines and a comparison of digit strings.
@Suite(.enabled(if: PublishedList.isPresent)) struct LiteLLMListTests {
    private static let imported = Result {
        try LiteLLMImport(path: PublishedList.path)
    }

    @Test func `look`() throws {
        let list = try Self.imported.get()
        print(list.report.text)
    }
}
