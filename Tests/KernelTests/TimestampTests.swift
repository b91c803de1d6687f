import Foundation
import Kernel
import Testing

@Suite struct TimestampTests {
    @Test("RFC 3339 texts are read with any offset and precision")
    func reads() {
        #expect(Timestamp(rfc3339: "1970-01-01T00:00:00Z")?.microseconds == 0)
        #expect(Timestamp(rfc3339: "2022-03-20T11:00:00+01:00")?.rfc3339 == "2022-03-20T10:00:00.000Z")
        #expect(Timestamp(rfc3339: "2026-11-21t13:39:48.123456789z")?.microseconds == 1_795_268_388_123_456)
        #expect(Timestamp(rfc3339: "2016-12-31T23:59:60Z")?.rfc3339 == "2017-01-01T00:00:00.000Z")
        #expect(Timestamp(rfc3339: "2000-02-29T00:00:00-00:30")?.rfc3339 == "2000-02-29T00:30:00.000Z")
    }

    @Test(
        "what is no time is refused",
        arguments: [
            "", "2022", "2022-02-30T00:00:00Z", "2022-13-01T00:00:00Z", "2022-01-01T24:00:00Z", "2022-01-01T00:60:00Z",
            "2022-01-01T00:00:00", "2022-01-01T00:00:00+24:00", "2022-01-01T00:00:00.Z", "2022-01-01T00:00:00Zx",
            "1900-02-29T00:00:00Z", "22-01-01T00:00:00Z", "2022-1-1T00:00:00Z", "２022-01-01T00:00:00Z",
        ])
    func refuses(text: String) { #expect(Timestamp(rfc3339: text) == nil) }

    @Test("every day from year 0 to 9999 is written as Foundation writes it, and reads back")
    func calendar() throws {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for day in stride(from: Int64(-719_000), through: 2_932_000, by: 97) {
            let time = Timestamp(milliseconds: day * 86_400_000 + 45_296_500)
            let date = Date(timeIntervalSince1970: Double(time.milliseconds) / 1000)
            if day > -140_000 { #expect(time.rfc3339 == date.formatted(style)) }
            #expect(Timestamp(rfc3339: time.rfc3339) == time)
        }
    }
}

@Suite struct TypedIDTests {
    @Test("an id reads back from its text, in either case")
    func roundTrip() {
        for _ in 0..<1000 {
            let id = DeviceID.make()
            #expect(DeviceID(id.description) == id)
            #expect(DeviceID(id.description.uppercased()) == id)
            #expect(id.description == id.uuid.uuidString.lowercased())
        }
    }

    @Test("ids are version 7 and sort by time")
    func versionAndOrder() {
        var random = SystemRandomNumberGenerator()
        let early = SiteID(at: Timestamp(milliseconds: 1_700_000_000_000), using: &random)
        let late = SiteID(at: Timestamp(milliseconds: 1_700_000_000_001), using: &random)
        #expect(early < late)
        #expect(early.uuid.uuid.6 >> 4 == 7)
        #expect(early.uuid.uuid.8 >> 6 == 0b10)
        #expect(early.description.hasPrefix("018bcfe5-6800-7"))
    }

    @Test(
        "what is no id is refused",
        arguments: [
            "", "x", "01980c5e-7a4e-7c3b-9a1e-2f6d7c1b0a5", "01980c5e-7a4e-7c3b-9a1e-2f6d7c1b0a5g",
            "01980c5e+7a4e-7c3b-9a1e-2f6d7c1b0a55",
        ])
    func refuses(text: String) { #expect(DeviceID(text) == nil) }
}
