import Kernel
import Organizations
import Testing

@Suite("Patterns of serial numbers")
struct SerialPatternTests {
    private static let day = Timestamp(rfc3339: "2026-03-09T10:00:00Z") ?? Timestamp(microseconds: 0)

    @Test("the standard pattern counts by type and year")
    func standard() {
        let pattern = SerialPattern.standard
        #expect(pattern.serial(typeCode: "MM", at: Self.day, number: 42) == "SD-MM-2026-000042")
        #expect(pattern.series(typeCode: "MM", at: Self.day) == ("device_serial:MM", "2026"))
    }

    @Test("a pattern of one's own may name the month and the number of digits")
    func own() throws {
        let pattern = try #require(SerialPattern("A{YEAR}{MONTH}/{SEQ:4}"))
        #expect(pattern.serial(typeCode: "X", at: Self.day, number: 12_345) == "A202603/12345")
        #expect(pattern.series(typeCode: "X", at: Self.day) == ("device_serial", "2026-03"))
    }

    @Test(
        "a pattern without exactly one number, or with something unknown, is none",
        arguments: [
            "", "ABC", "{SEQ}{SEQ}", "{WEEK}-{SEQ}", "{SEQ", "SEQ}", "{SEQ:2}", "{SEQ:13}", "Ä{SEQ}", "a {SEQ}",
        ])
    func refused(text: String) { #expect(SerialPattern(text) == nil) }
}
