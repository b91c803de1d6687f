import JSON
import Kernel
import Telemetry
import Testing

@Suite("Messages are read from JSON")
struct MessageDecoderTests {
    private func decode(_ text: String, _ form: MessageDecoder.Form = .singleDevice) throws(ServiceError)
        -> MessageBatch
    {
        try MessageDecoder.decode(bytes: Array(text.utf8), form: form)
    }

    private func faults(_ text: String, _ form: MessageDecoder.Form = .singleDevice) -> [String] {
        do throws(ServiceError) {
            _ = try decode(text, form)
            return []
        } catch {
            return error.fields.map(\.pointer)
        }
    }

    @Test(
        "a message, a bare object of values, and lists of either",
        arguments: [
            (#"{"ts": 1700000000000, "values": {"a": 1}}"#, 1), (#"{"a": 1, "b": 2}"#, 1),
            (#"[{"a": 1}, {"ts": "2026-01-01T00:00:00Z", "values": {"a": 2}}]"#, 2),
        ])
    func forms(text: String, count: Int) throws {
        let batch = try decode(text)
        #expect(batch.messages.count == count)
    }

    @Test("messages with the same names share a shape, in whatever order they alternate")
    func shapes() throws {
        let batch = try decode(#"[{"a": 1, "b": 2}, {"c": 3}, {"a": 4, "b": 5}, {"b": 6, "a": 7}, {"c": 8}]"#)
        #expect(batch.shapes.count == 3)
        #expect(batch.messages.map(\.shape) == [0, 1, 0, 2, 1])
        let values: [[Double]] = batch.messages.map { Array(batch.values[batch.valueRange(of: $0)]) }
        #expect(values == [[1, 2], [3], [4, 5], [6, 7], [8]])
        #expect(batch.shapes.map { batch.names(of: $0) } == [["a", "b"], ["c"], ["b", "a"]])
    }

    @Test(
        "times are read as RFC 3339 reads them, whichever way is taken",
        arguments: [
            "2026-11-21T13:39:48Z", "2026-11-21T13:39:48.5Z", "2026-02-28T23:59:59.123456Z", "2024-02-29T00:00:00Z",
            "2026-11-21T13:39:48+01:00", "1970-01-01T00:00:00Z", "2000-03-01T00:00:00.000001Z",
            "2026-12-31T23:59:59.99Z",
        ])
    func times(text: String) throws {
        let batch = try decode(#"{"ts": "\#(text)", "values": {"a": 1}}"#)
        #expect(batch.messages[0].time == Timestamp(rfc3339: text))
    }

    @Test("every fault of a body is named, with its place")
    func allFaults() {
        let text = """
            [{"ts": "yesterday", "values": {"a": null, "b/c": "x\\u0000"}}, {"values": {}}, 5, {"ts": 1, "a": 1},
             {"values": {"a": 1, "a": 2}, "seq": -1, "quality": "fine", "extra": 1}, {"values": {"$usage.messages": 1}}]
            """
        let expected: Set<String> = [
            "/0/ts", "/0/values/a", "/0/values/b~1c", "/1/values", "/2", "/3/ts", "/4/seq", "/4/quality", "/4/extra",
            "/4/values/a", "/5/values/$usage.messages",
        ]
        #expect(Set(faults(text)) == expected)
        #expect(
            faults(#"{"messages": [{"values": {"a": 1}}, {"device": "d"}], "x": 1}"#, .manyDevices) == [
                "/x", "/messages/0/device", "/messages/1/values",
            ])
        #expect(faults("[]") == [""] && faults("7") == [""] && faults("{}") == [""])
    }

    @Test("an object with nothing but value and quality is a value; any other is a document")
    func qualified() throws {
        let batch = try decode(
            #"{"a": {"value": 1, "quality": "stale"}, "b": {"value": 1, "unit": "l"}, "c": {"value": [1]}}"#)
        #expect(batch.values[0] == 1 && batch.quality(at: 0) == .stale)
        #expect(batch.other(at: 1) == .json(Array(#"{"value":1,"unit":"l"}"#.utf8)))
        #expect(batch.other(at: 2) == .json(Array("[1]".utf8)) && batch.quality(at: 2) == .good)
    }

    @Test("what is no JSON is malformed, and limits hold")
    func limits() {
        let refusal = #expect(throws: ServiceError.self) { try self.decode("{") }
        #expect(refusal?.code == .malformedRequest)
        #expect(faults("[" + Array(repeating: #"{"a":1}"#, count: 1_001).joined(separator: ",") + "]") == [""])
        #expect(faults("{" + (0...500).map { #""k\#($0)":1"# }.joined(separator: ",") + "}") == [""])
        #expect(faults(#"{"a": "\#(String(repeating: "x", count: 501))"}"#) == ["/a"])
        #expect(faults(#"{"\#(String(repeating: "x", count: 101))": 1}"#).count == 1)
    }

    @Test("no bytes bring the decoder down")
    func fuzz() {
        var generator = SeededGenerator(seed: 11)
        let seed = Array(
            #"{"ts":1700000000000,"seq":1,"quality":"bad","values":{"a":1.5,"b":{"value":true},"c":"x","d":[1,{}]}}"#
                .utf8)
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0...Int.random(in: 0...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            _ = try? MessageDecoder.decode(
                bytes: bytes, form: Bool.random(using: &generator) ? .singleDevice : .manyDevices)
        }
    }
}
