/// The position of a request in a distributed trace (W3C Trace Context, level 1).
package struct TraceContext: Hashable, Sendable {
    /// Thirty-two lower-case hexadecimal digits, not all zero.
    package let traceID: String
    /// Sixteen lower-case hexadecimal digits, not all zero: this server's own span.
    package let spanID: String
    /// The caller's span; nil when the trace begins here.
    package let parentID: String?
    /// Two hexadecimal digits; the last bit says whether the caller records the trace.
    package let flags: String

    /// Goes on with the caller's trace, or begins one when the header is absent or malformed.
    package init(continuing header: String?, using generator: inout some RandomNumberGenerator) {
        let caller = header.flatMap(Self.parse)
        traceID = caller?.trace ?? Self.hexadecimal(digits: 32, using: &generator)
        spanID = Self.hexadecimal(digits: 16, using: &generator)
        parentID = caller?.parent
        flags = caller?.flags ?? "00"
    }

    /// The value of `traceparent` for what this request calls and for its answer.
    package var header: String { "00-\(traceID)-\(spanID)-\(flags)" }

    /// Later versions may append fields, so they are read as far as version 00 goes (section 3.2.4).
    private static func parse(_ header: String) -> (trace: String, parent: String, flags: String)? {
        let parts = header.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].utf8.count == 2, parts[0].isLowerHexadecimal, parts[0] != "ff",
            parts[0] != "00" || parts.count == 4, parts[1].utf8.count == 32, parts[1].isLowerHexadecimal,
            parts[2].utf8.count == 16, parts[2].isLowerHexadecimal, parts[3].utf8.count == 2,
            parts[3].isLowerHexadecimal,
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
        else { return nil }
        return (trace: String(parts[1]), parent: String(parts[2]), flags: String(parts[3]))
    }

    private static func hexadecimal(digits: Int, using generator: inout some RandomNumberGenerator) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits)
        while bytes.count < digits {
            var word = generator.next() | 1
            for _ in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: word & 15)
                bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
                word >>= 4
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Substring {
    fileprivate var isLowerHexadecimal: Bool {
        utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66) }
    }
}
