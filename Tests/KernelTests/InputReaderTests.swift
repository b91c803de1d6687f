import JSON
import Kernel
import Testing

@Suite struct InputReaderTests {
    private enum Kind: String, CaseIterable, Sendable { case number, text }

    private func faults(_ json: JSONValue, _ body: (InputReader) -> Void) -> [FieldFault] {
        let input = InputReader(json)
        body(input)
        do {
            try input.finish()
            return []
        } catch { return error.fields }
    }

    @Test("every fault is told at once, with its pointer")
    func allFaults() {
        let json: JSONValue = [
            "name": " x", "count": "3", "kind": "colour", "tags": ["ok", 5], "place": ["lat": 91],
            "points": [["label": ""]],
            "extra/field": 1,
        ]
        let found = faults(json) { input in
            _ = input.required("name", .name())
            _ = input.required("count", .integer(1...10))
            _ = input.required("kind", .oneOf(Kind.self))
            _ = input.required("missing", .boolean)
            _ = input.optional("tags", .list(.text(1...10), count: 0...5))
            _ = input.optionalObject("place") { $0.required("lat", .number(-90...90)) }
            _ = input.objects("points", count: 0...5) { $0.required("label", .text(1...20)) }
        }
        #expect(
            found.map(\.pointer) == [
                "/name", "/count", "/kind", "/missing", "/tags/1", "/place/lat", "/points/0/label", "/extra~1field",
            ])
        #expect(found[2].detail == "must be one of number, text")
    }

    @Test("what is acceptable is read, and null counts as absent")
    func reads() throws {
        let input = InputReader(["name": "Pump", "kind": "text", "site": .null, "at": 1_700_000_000_000])
        #expect(input.required("name", .name()) == "Pump")
        #expect(input.required("kind", .oneOf(Kind.self)) == .text)
        #expect(input.optional("site", .id(SiteID.self)) == nil)
        #expect(input.required("at", .time) == Timestamp(milliseconds: 1_700_000_000_000))
        try input.finish()
    }

    @Test("query parameters are text: numbers, booleans and lists are read from it, unknown names refused")
    func query() throws {
        let good = InputReader(query: ["limit": "20", "count": "true", "status": "number,text"])
        #expect(good.required("limit", .integer(1...500)) == 20)
        #expect(good.required("count", .boolean))
        #expect(good.required("status", .list(.oneOf(Kind.self), count: 1...5)) == [.number, .text])
        try good.finish()

        let bad = InputReader(query: ["limit": "x", "colour": "red"])
        _ = bad.optional("limit", .integer(1...500))
        #expect { try bad.finish() } throws: { error in
            let error = error as? ServiceError
            return error?.code == .invalidParameter && error?.fields.map(\.pointer) == ["limit", "colour"]
        }
    }

    @Test("of a list of ids in a query each that is none is named; empty entries do not count")
    func ids() throws {
        let id = SiteID.make()
        let good = InputReader(query: ["ids": .string("\(id),,\(id.description.uppercased()),")])
        #expect(good.required("ids", .list(.id(SiteID.self), count: 1...2)) == [id, id])
        try good.finish()

        let bad = InputReader(query: ["ids": .string("\(id),x,\(id)0")])
        _ = bad.required("ids", .list(.id(SiteID.self), count: 1...5))
        #expect { try bad.finish() } throws: { error in
            (error as? ServiceError)?.fields.map(\.detail) == ["must be an id (UUID)", "must be an id (UUID)"]
        }
        let many = InputReader(query: ["ids": .string("\(id),\(id)")])
        _ = many.required("ids", .list(.id(SiteID.self), count: 1...1))
        #expect { try many.finish() } throws: { error in
            (error as? ServiceError)?.fields.map(\.detail) == ["must have 1 to 1 entries"]
        }
    }

    @Test("a body that is no object is a fault of the body")
    func noObject() {
        #expect(faults([1, 2]) { _ in }.map(\.detail) == ["must be an object"])
    }

    @Test("text with a NUL or other control characters is refused")
    func controls() {
        #expect(faults(["a": "x\u{0}y"]) { _ = $0.required("a", .text(0...10)) }.count == 1)
        #expect(faults(["a": "x\ny"]) { _ = $0.required("a", .text(0...10)) }.isEmpty)
    }
}
