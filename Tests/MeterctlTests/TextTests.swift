@testable import ControlFixture
import ControlPlane
import Engine
@testable import meterctl
import Quantities
import Testing

/// Goal: tables line up and numbers read well.
///
/// Method: snapshots.
@Suite struct TextTests {
    @Test func `columns align by their kind`() {
        var table = TextTable([("NAME", .left), ("COUNT", .right), ("CREDITS", .decimal)])
        table.add(["a", "1", "12"])
        table.add(["longer", "1,000", "-0.014574"])
        table.add([nil, "", "3.5"])
        #expect(
            table.text == """
                NAME    COUNT    CREDITS
                a           1  12
                longer  1,000  -0.014574
                -               3.5

                """
        )
    }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000"),
    ])
    func `thousands stand apart`(number: Int, text: String) {
        #expect(Figures.count(number) == text)
    }

    @Test(arguments: [
        (UInt64(0), "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"),
        (67_108_864, "64.0 MiB"), (8_589_934_592, "8.0 GiB"), (.max, "15.9 EiB"),
    ])
    func `bytes are told in the largest unit`(number: UInt64, text: String) {
        #expect(Figures.bytes(number) == text)
    }

    @Test(arguments: [
        (Int64(-5), "0 s"), (59_999_999, "59 s"), (60_000_000, "1 min 0 s"),
        (11_520_000_000, "3 h 12 min"), (90_000_000_000, "1 d 1 h"),
    ])
    func `spans are told in two units`(microseconds: Int64, text: String) {
        #expect(Figures.span(microseconds: microseconds) == text)
    }

    @Test func `rates are numbers a second`() {
        #expect(Figures.rate(8819, nanoseconds: 500_000_000) == "17,638")
        #expect(Figures.rate(1, nanoseconds: 0) == "-")
        #expect(Figures.seconds(nanoseconds: 1_034_999_999) == "1.034 s")
    }

    @Test func `the status is a page for people`() async throws {
        let text = try await ServerFixture.with { client, _, _ in
            let answer = try await client.call("GET /v1/status")
            let start = FakeAdministration.now.advanced(byMicroseconds: 11_520_000_000)
            return StatusText.text(of: try answer.read(StatusBody.self), at: start)
        }
        #expect(
            text == """
                meterd 0.1.0, node gateway-1, up 3 h 12 min, ready

                POSITION   EVENTS  BEHIND
                accepted    1,000
                applied       990      10
                journaled     980      10
                stored        900      80

                Rate card      llm-gateway 9f2c41d7
                Journal        64.0 MiB of 8.0 GiB, 4.0 KiB not yet in PostgreSQL
                PostgreSQL     connected
                Connections    3
                Organisations  2
                Open holds     1
                Since start    600 granted, 7 refused, 4 rejected, 5 duplicates
                Overshoot      0.25 credits

                No troubles.

                """
        )
    }

    @Test func `a progress bar shows part and whole`() {
        var figures = SendFigures()
        figures.sent = 3812
        figures.acked = 3700
        figures.nanoseconds = 1_000_000_000
        let part = SourceProgress(doneBytes: 43, totalBytes: 100)
        #expect(
            ProgressBar.text(figures, part: part)
                == "[============                  ]  43 %  3,812 sent, 3,700 acked, 3,812 a second"
        )
        figures.rejected = 2
        #expect(
            ProgressBar.text(figures, part: SourceProgress())
                == "3,812 sent, 3,700 acked, 2 rejected, 3,812 a second"
        )
    }
}
