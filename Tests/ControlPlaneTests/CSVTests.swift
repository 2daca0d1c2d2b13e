@testable import ControlPlane
import Testing

/// Goal: no text that a customer has chosen calculates in a spreadsheet.
@Suite struct CSVTests {
    @Test(arguments: [
        ("=HYPERLINK(A1)", "'=HYPERLINK(A1)"), ("+1", "'+1"), ("-x", "'-x"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"), ("\r=1", "'\r=1"), ("\n=1", "'\n=1"), ("a=1", "a=1"), ("'=1", "'=1"),
        ("", ""), ("gpt-5", "gpt-5"),
    ])
    func `a text that begins like a formula is made a text`(text: String, cell: String) {
        #expect(CSV.text(text) == cell)
    }

    @Test func `what is not there stays empty, and numbers stay numbers`() {
        #expect(CSV.text(nil) == nil)
        let row = String(decoding: CSV.row(["1", "-0.5", CSV.text("=1,2"), nil]), as: UTF8.self)
        #expect(row == "1,-0.5,\"'=1,2\",\r\n")
    }
}
