import JSON
import Testing

@Suite struct JSONValueTests {
    @Test("what is written reads back as the same value", arguments: 0..<200)
    func roundTrip(seed: UInt64) throws {
        var random = Generator(state: seed)
        let value = JSONValue.random(depth: 4, using: &random)
        #expect(try JSONValue(parsing: value.text) == value)
    }

    @Test(
        "texts that are not JSON are refused",
        arguments: [
            "", " ", "{", "[1,]", "{\"a\":1,}", "nul", "01", "1.", ".5", "\"\u{1}\"", "{\"a\" 1}", "[1 2]", "\"\\x\"",
            "1 2",
            "NaN", "'a'", "{a:1}", "123456789012345678901234567890",
        ])
    func refused(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test("a name that occurs twice is refused by name")
    func duplicate() {
        #expect(throws: JSONError("the member \"a\" occurs twice")) { try JSONValue(parsing: #"{"a":1,"a":2}"#) }
    }

    @Test("names, fixed, data and prepared, are escaped and separated alike")
    func names() {
        let name = "tank \"1\"\n"
        var json = JSONWriter()
        json.object { json in
            json.field("fixed", 1)
            json.field(named: name, 2)
            json.name(JSONName(name + "b"))
            json.array { json in
                json.value(3)
                json.object { json in json.field("fixed", nil as Int?) }
            }
            json.field("last", true)
        }
        let escaped = #"tank \"1\"\n"#
        #expect(
            String(decoding: json.bytes, as: UTF8.self)
                == #"{"fixed":1,"\#(escaped)":2,"\#(escaped)b":[3,{"fixed":null}],"last":true}"#)
    }

    @Test("nesting deeper than the limit is refused, not followed")
    func depth() {
        let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(throws: JSONError.self) { try JSONValue(parsing: deep) }
    }

    @Test("bytes that are not UTF-8 are refused")
    func encoding() {
        #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0xC3, 0x28, 0x22] as [UInt8]) }
    }

    @Test("a number is written as the shortest text that reads back as the same double")
    func shortestNumbers() throws {
        var random = SystemRandomNumberGenerator()
        for round in 0..<20_000 {
            let digits = Double(
                Int64.random(in: -1_000_000_000_000...1_000_000_000_000, using: &random) >> (round % 40))
            let value =
                round % 3 == 0 ? Double(bitPattern: random.next()) : digits / [10, 100, 1000, 10_000][round % 4]
            guard value.isFinite, value.rounded() != value else { continue }
            var json = JSONWriter()
            json.number(value)
            let text = String(decoding: json.bytes, as: UTF8.self)
            #expect(Double(text) == value)
            // The standard library writes the shortest digits, too, though it may choose an exponent.
            #expect(text.filter(\.isNumber).count <= value.description.filter(\.isNumber).count + 1, "\(value)")
        }
        for (value, text) in [(0.05, "0.05"), (-0.5, "-0.5"), (12.34, "12.34"), (-273.15, "-273.15"), (0.001, "0.001")]
        {
            #expect(JSONValue.number(value).text == text)
        }
        #expect(JSONValue.number(123_456_789_012.5).text == "123456789012.5")
    }

    @Test("numbers keep their kind: integers exactly, others as doubles")
    func numbers() throws {
        #expect(try JSONValue(parsing: "9223372036854775807") == .integer(.max))
        #expect(try JSONValue(parsing: "-9223372036854775808") == .integer(.min))
        #expect(try JSONValue(parsing: "1e3") == .number(1000))
        #expect(JSONValue.number(1000).text == "1000")
        #expect(JSONValue.number(-0.0).text == "-0.0")
        #expect(JSONValue.number(.nan).text == "null")
        #expect(JSONValue.number(0.1).text == "0.1")
    }

    @Test("a merge patch follows the examples of RFC 7396, appendix A")
    func mergePatch() throws {
        let examples = [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
            (#"{"a":"b"}"#, #"{"a":null}"#, "{}"), (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
            (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
            (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#), (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
            (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#), (#"{"a":"foo"}"#, "null", "null"),
            (#"{"a":"foo"}"#, #""bar""#, #""bar""#),
            (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#), ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
            ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
        ]
        for (original, patch, result) in examples {
            let merged = try JSONValue(parsing: original).merging(JSONValue(parsing: patch))
            #expect(merged == (try JSONValue(parsing: result)), "\(original) with \(patch)")
        }
    }

    @Test("an object with many members finds, replaces and removes them")
    func largeObject() {
        var object = JSONObject()
        for index in 0..<100 { object["k\(index)"] = .integer(Int64(index)) }
        object["k50"] = nil
        object["k51"] = "changed"
        #expect(object.count == 99)
        #expect(object["k50"] == nil)
        #expect(object["k51"] == "changed")
        #expect(object["k99"] == 99)
    }
}

/// The same values for the same seed.
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}

extension JSONValue {
    static func random(depth: Int, using random: inout some RandomNumberGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .boolean(.random(using: &random))
        case 2: return .integer(.random(in: .min ... .max, using: &random))
        case 3: return .number(Double.random(in: -1e9...1e9, using: &random) + 0.123)
        case 4: return .string(.random(using: &random))
        case 5:
            return .array(
                (0..<Int.random(in: 0..<5, using: &random)).map { _ in .random(depth: depth - 1, using: &random) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0..<5, using: &random) {
                object[.random(using: &random)] = .random(depth: depth - 1, using: &random)
            }
            return .object(object)
        }
    }
}

extension String {
    static func random(using random: inout some RandomNumberGenerator) -> String {
        let scalars = (0..<Int.random(in: 0..<12, using: &random)).map { _ -> Unicode.Scalar in
            let ranges: [ClosedRange<UInt32>] = [
                0...0x1F, 0x20...0x7E, 0xA0...0x7FF, 0x800...0xD7FF, 0x10000...0x10FFFF,
            ]
            let range = ranges[Int.random(in: 0..<ranges.count, using: &random)]
            return Unicode.Scalar(UInt32.random(in: range, using: &random)) ?? "?"
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
