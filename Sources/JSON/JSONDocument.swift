/// A parsed JSON text that owns its memory, to be read any number of times from any thread.
///
/// ``tape`` and ``strings`` are simdjson's (see `CSimdJSON.h`) and are valid as long as this object lives. Of several
/// members with the same name the first counts.
///
/// Sendable, unchecked: what the pointers lead to is written before `init` returns, never afterwards, and belongs to the
/// parser that this object holds alone until its end.
package final class JSONDocument: @unchecked Sendable {
    private let parser: JSONParser
    package let tape: UnsafePointer<UInt64>
    package let strings: UnsafePointer<UInt8>
    /// How long the text was.
    package let byteCount: Int
    /// Where the document's value stands on the tape.
    package static let rootIndex = 1

    /// - Throws: ``JSONError`` when the text is no JSON.
    package convenience init(parsing text: UnsafeRawBufferPointer) throws(JSONError) { self.init(try Parsed(text)) }

    /// - Throws: ``JSONError`` when the text is no JSON.
    package convenience init(parsing bytes: [UInt8]) throws(JSONError) {
        let parsed = bytes.withUnsafeBytes { buffer in Result { () throws(JSONError) in try Parsed(buffer) } }
        self.init(try parsed.get())
    }

    /// - Throws: ``JSONError`` when the text is no JSON.
    package convenience init(parsing text: String) throws(JSONError) { try self.init(parsing: Array(text.utf8)) }

    private struct Parsed {
        let parser: JSONParser
        let tape: UnsafePointer<UInt64>
        let strings: UnsafePointer<UInt8>
        let byteCount: Int

        init(_ text: UnsafeRawBufferPointer) throws(JSONError) {
            parser = JSONParser.takePooled()
            byteCount = text.count
            do {
                (tape, strings) = try parser.parse(text)
            } catch {
                JSONParser.giveBack(parser)
                throw error
            }
        }
    }

    private init(_ parsed: Parsed) {
        parser = parsed.parser
        tape = parsed.tape
        strings = parsed.strings
        byteCount = parsed.byteCount
    }

    deinit { JSONParser.giveBack(parser) }
}
