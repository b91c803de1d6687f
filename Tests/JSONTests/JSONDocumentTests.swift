import JSON
import Testing

@Suite struct JSONDocumentTests {
    @Test("documents live side by side, each with its own memory")
    func sideBySide() throws {
        let documents = try (0..<50).map { try JSONDocument(parsing: "{\"number\": \($0)}") }
        for (number, document) in documents.enumerated() {
            // Word 1 is the object, 2 the name, 3 the number's tag, 4 its value.
            #expect(document.tape[4] == UInt64(number))
        }
    }

    @Test("what is no JSON is refused, and the next text is read")
    func refused() throws {
        for _ in 0..<50 { #expect(throws: JSONError.self) { try JSONDocument(parsing: "{\"a\": ") } }
        _ = try JSONDocument(parsing: "1")
    }
}
