import Devices
import JSON
import Testing

@Suite("Metadata schemas")
struct MetadataSchemaTests {
    @Test("a keyword outside of the subset is refused by its name, wherever it stands")
    func unsupported() throws {
        let schema: JSONValue = [
            "type": "object",
            "properties": ["a": ["type": "string", "pattern": "^a+$"], "b": ["items": ["oneOf": []]]],
        ]
        #expect(
            MetadataSchema.faults(in: schema).map(\.subpath) == ["/properties/a/pattern", "/properties/b/items/oneOf"])
    }

    @Test(
        "a schema that cannot be meant is refused",
        arguments: [
            ["type": "text"], ["type": []], ["properties": []], ["required": "a"], ["enum": []], ["minimum": "1"],
            ["maxLength": -1], ["additionalProperties": [:]], "object",
        ] as [JSONValue])
    func malformed(schema: JSONValue) {
        #expect(!MetadataSchema.faults(in: schema).isEmpty)
    }

    @Test("every violation is named with its place")
    func violations() {
        let schema: JSONValue = [
            "type": "object", "required": ["side"], "additionalProperties": false,
            "properties": [
                "side": ["enum": ["left", "right"]], "stall": ["type": "integer", "minimum": 1, "maximum": 40],
                "tags": ["type": "array", "maxItems": 1, "items": ["type": "string", "minLength": 2]],
                "note": ["type": ["string", "null"]],
            ],
        ]
        let value: JSONValue = ["stall": 41, "tags": ["ab", "c"], "other": 1, "note": .null]
        let places = MetadataSchema.violations(of: value, schema).map(\.subpath)
        #expect(places.sorted() == ["/other", "/side", "/stall", "/tags", "/tags/1"])
        #expect(MetadataSchema.violations(of: ["side": "left", "stall": 40.0], schema).isEmpty)
    }

    @Test("an empty schema allows everything")
    func empty() { #expect(MetadataSchema.violations(of: ["a": [1, "b"]], [:]).isEmpty) }
}
