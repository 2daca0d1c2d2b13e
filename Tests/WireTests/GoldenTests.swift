import Glibc
import Testing
import Wire

/// Goal: the bytes on the socket never change by accident, and `Protocol.md` shows them as they
/// are.
///
/// Method: the vectors are read from the document and compared with what the encoders write.
@Suite struct GoldenTests {
    /// All vectors, as the document writes them.
    private static var vectors: [String] {
        var lines: [String] = []
        for sample in Samples.clientMessages(.binary) {
            lines.append("client \(sample.name) = \(String(hex: sample.bytes))")
        }
        for sample in Samples.clientMessages(.jsonLines) {
            lines.append("client \(sample.name) = " + text(sample.bytes))
        }
        for encoding in [WireEncoding.binary, .jsonLines] {
            for sample in Samples.daemonMessages {
                var buffer = WireBuffer()
                DaemonEncoder(encoding).append(sample.message, to: &buffer)
                let bytes = buffer.array
                let shown = encoding == .binary ? String(hex: bytes) : text(bytes)
                lines.append("daemon \(sample.name) = \(shown)")
            }
        }
        return lines
    }

    private static func text(_ line: [UInt8]) -> String {
        String(decoding: line.dropLast(), as: UTF8.self)
    }

    private func document() throws -> [Substring] {
        let path = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let file = try #require(fopen("/\(path)/Sources/Wire/Wire.docc/Protocol.md", "r"))
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var byte = fgetc(file)
        while byte != EOF {
            bytes.append(UInt8(truncatingIfNeeded: byte))
            byte = fgetc(file)
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }

    @Test func `the document shows every vector and no other`() throws {
        let shown = try document().filter {
            ($0.hasPrefix("client ") || $0.hasPrefix("daemon ")) && $0.contains(" = ")
        }
        #expect(shown.map(String.init) == Self.vectors)
    }

    @Test func `the document names every code`() throws {
        let text = try document().joined(separator: "\n")
        for code in RejectionCode.allCases {
            #expect(text.contains("| \(code.rawValue) | `\(code.name)` |"), "\(code.name)")
        }
        for code in ConnectionFault.Code.allCases {
            #expect(text.contains("| \(code.rawValue) | `\(code.name)` |"), "\(code.name)")
        }
        for code in RefusalCode.allCases {
            #expect(text.contains("| \(code.status) | `\(code.name)` |"), "\(code.name)")
        }
    }
}
