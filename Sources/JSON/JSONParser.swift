import CSimdJSON
import Synchronization

/// Why a text is not acceptable JSON.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// In plain English, fit for the sender.
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Parses JSON (RFC 8259) with simdjson and lends the result as a ``JSONView``.
///
/// Strict: UTF-8 is validated, numbers must fit a 64-bit integer or a double, nesting is at most ``maximumDepth``.
/// A parser is used by one caller at a time; ``withPooled(_:)`` lends one.
package final class JSONParser {
    package static let maximumDepth = 64
    private static let largestDocument = 256 << 20

    private let parser: OpaquePointer
    private static let pool = Mutex<[Pooled]>([])
    private static let pooledParsers = 32

    /// A parser in the pool belongs to nobody, and leaves it with exactly one owner: `Mutex` hands it over.
    private struct Pooled: @unchecked Sendable { let parser: JSONParser }

    package init() {
        guard let parser = csimdjson_parser_new(Self.largestDocument, Self.maximumDepth) else {
            preconditionFailure("out of memory")
        }
        self.parser = parser
    }

    deinit { csimdjson_parser_free(parser) }

    /// Lends a parser from the process-wide pool, so that its buffers are used again.
    package static func withPooled<Result>(_ body: (JSONParser) throws -> Result) rethrows -> Result {
        let parser = takePooled()
        defer { giveBack(parser) }
        return try body(parser)
    }

    /// A parser for the caller alone, who returns it by ``giveBack(_:)``.
    static func takePooled() -> JSONParser { pool.withLock { $0.popLast() }?.parser ?? JSONParser() }

    /// The caller must not use the parser, nor what it parsed, afterwards.
    static func giveBack(_ parser: JSONParser) {
        let pooled = Pooled(parser: parser)
        pool.withLock { if $0.count < pooledParsers { $0.append(pooled) } }
    }

    /// Parses `bytes` and lends the root value. The view is valid only inside `body`.
    package func parse<Result>(
        _ bytes: UnsafeRawBufferPointer, _ body: (JSONView) throws -> Result
    ) throws -> Result {
        let (tape, strings) = try parse(bytes)
        // Word 0 is the root, word 1 the document's value.
        return try body(JSONView(tape: tape, strings: strings, index: 1))
    }

    /// Parses `bytes`; the pointers are valid until this parser is used again or freed.
    func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> (UnsafePointer<UInt64>, UnsafePointer<UInt8>) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { throw JSONError("the text is empty") }
        let document = csimdjson_parse(parser, base.assumingMemoryBound(to: UInt8.self), bytes.count)
        guard document.error == 0, let tape = document.tape, let strings = document.strings else {
            throw JSONError(String(cString: csimdjson_message(document.error)))
        }
        return (tape, strings)
    }
}
