import DiskSimulation
import Testing

@testable import Journaling

/// Goal: format version 1 stays readable for ever.
///
/// Method: a journal of two segments as hexadecimal digits; both directions must agree with it.
@Suite struct FormatTests {
    private let settings = JournalSettings(
        segmentBytes: 192,
        maximumBodyBytes: 16,
        maximumUnsyncedBytes: 1024,
        maximumBytes: 1024
    )
    private let first = "journal-00000000000000001000.log"
    private let second = "journal-00000000000000001192.log"

    private func writeGolden(on disk: SimulatedDisk) throws {
        let bench = try Bench(disk, settings, startingAt: 1000)
        try bench.write(Array("meterd".utf8))
        try bench.syncer.sync()
        try bench.write(Array("0123456789abcdef".utf8))
        try bench.syncer.sync()
        try bench.write(Array("the end".utf8))
        try bench.syncer.sync()
        try bench.writer.seal()
    }

    @Test func `a journal is written as it was when the format was fixed`() throws {
        let disk = SimulatedDisk()
        try writeGolden(on: disk)
        #expect(hex(disk.bytes(of: first)) == goldenFirst)
        #expect(hex(disk.bytes(of: second)) == goldenSecond)
    }

    @Test func `a journal that was written when the format was fixed is read`() throws {
        let disk = SimulatedDisk()
        disk.setBytes(of: first, to: bytes(goldenFirst))
        disk.setBytes(of: second, to: bytes(goldenSecond))
        let bench = try Bench(disk, settings)
        #expect(bench.journal.recovered.firstPosition == 1000)
        #expect(bench.journal.recovered.endPosition == 1328)
        #expect(bench.journal.recovered.tornBytes == 0)
        #expect(
            try bench.blocks() == [
                ReadBlock(position: 1064, end: 1104, bytes: Array("meterd".utf8)),
                ReadBlock(position: 1104, end: 1152, bytes: Array("0123456789abcdef".utf8)),
                ReadBlock(position: 1256, end: 1296, bytes: Array("the end".utf8)),
            ]
        )
    }

    @Test func `a segment of a later version is refused by its name`() throws {
        var header = SegmentHeader(start: 0, size: 512)
        header.version = 2
        let disk = SimulatedDisk()
        let name = SegmentName.text(0)
        disk.setBytes(of: name, to: header.encoded + [UInt8](repeating: 0, count: 448))
        #expect(throws: JournalError.unknownFormat(segment: name, version: 2)) {
            try Bench(disk)
        }
    }

    @Test(arguments: [0, 1, 8, 4_294_967_296, 18_446_744_073_709_551_608] as [UInt64])
    func `a segment's name says where it starts`(start: UInt64) {
        let name = SegmentName.text(start)
        #expect(name.utf8.count == 32)
        #expect(SegmentName.start(in: name) == start)
        #expect(SegmentName.start(in: name + ".new") == nil)
        #expect(SegmentName.isUnfinished(name + ".new"))
        #expect(!SegmentName.isUnfinished(name))
    }

    @Test(
        arguments: [
            "LOCK", "journal-.log", "journal-0.log", "journal-99999999999999999999.log",
            "journal-+0000000000000000008.log", "journal-0000000000000000000a.log",
        ]
    )
    func `another file is no segment`(name: String) {
        #expect(SegmentName.start(in: name) == nil)
    }

    private func hex(_ bytes: [UInt8]) -> String {
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if index > 0, index % 32 == 0 { text += "\n" }
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return text
    }

    private func bytes(_ text: String) -> [UInt8] {
        let digits = text.filter { $0.isHexDigit }.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] * 16 + digits[$0 + 1])
        }
    }

    private let goldenFirst = """
        4d544a53d074ba9e0100000000000000e803000000000000c000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        4d544a42281ed387060000000100000028040000000000002804000000000000
        6d657465726400004d544a42852709ad10000000010000005004000000000000
        5004000000000000303132333435363738396162636465664d544a42c08dd607
        0000000001000100800400000000000080040000000000000000000000000000
        """

    private let goldenSecond = """
        4d544a536217ac650100000000000000a804000000000000c000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        4d544a42a7e4604d0700000001000000e8040000000000008004000000000000
        74686520656e64004d544a42b5ac521000000000010000001005000000000000
        1005000000000000000000000000000000000000000000000000000000000000
        0000000000000000000000000000000000000000000000000000000000000000
        """
}
