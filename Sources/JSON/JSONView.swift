/// One value of a parsed document, read in place on simdjson's tape: nothing is copied and nothing allocated.
///
/// Valid only inside the closure of ``JSONParser/parse(_:_:)``.
package struct JSONView {
    package enum Kind: Sendable { case null, boolean, integer, number, string, array, object }

    let tape: UnsafePointer<UInt64>
    let strings: UnsafePointer<UInt8>
    let index: Int

    private var tag: UInt8 { UInt8(truncatingIfNeeded: tape[index] >> 56) }
    private var payload: Int { Int(tape[index] & 0x00FF_FFFF_FFFF_FFFF) }

    package var kind: Kind {
        switch tag {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "l"), UInt8(ascii: "u"): .integer
        case UInt8(ascii: "d"): .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .boolean
        default: .null
        }
    }

    package var isNull: Bool { tag == UInt8(ascii: "n") }

    package var boolean: Bool? {
        switch tag {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    /// The value as a signed 64-bit integer; nil for larger ones and for numbers with a fraction or an exponent.
    package var integer: Int64? {
        switch tag {
        case UInt8(ascii: "l"): Int64(bitPattern: tape[index + 1])
        case UInt8(ascii: "u"): Int64(exactly: tape[index + 1])
        default: nil
        }
    }

    /// Any number as a double; integers beyond 2^53 are rounded.
    package var number: Double? {
        switch tag {
        case UInt8(ascii: "d"): Double(bitPattern: tape[index + 1])
        case UInt8(ascii: "l"): Double(Int64(bitPattern: tape[index + 1]))
        case UInt8(ascii: "u"): Double(tape[index + 1])
        default: nil
        }
    }

    /// The bytes of a string: valid UTF-8, unescaped.
    package var utf8: UnsafeBufferPointer<UInt8>? {
        guard tag == UInt8(ascii: "\"") else { return nil }
        let start = strings + payload
        let count = UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)
        return UnsafeBufferPointer(start: start + 4, count: Int(UInt32(littleEndian: count)))
    }

    package var string: String? { utf8.map { String(decoding: $0, as: UTF8.self) } }

    /// The tape index just behind this value.
    private var end: Int {
        switch tag {
        case UInt8(ascii: "{"), UInt8(ascii: "["): Int(UInt32(truncatingIfNeeded: tape[index]))
        case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"): index + 2
        default: index + 1
        }
    }

    private func view(at index: Int) -> JSONView { JSONView(tape: tape, strings: strings, index: index) }

    /// Calls `body` with each element in order; does nothing when this is no array.
    package func forEachElement(_ body: (JSONView) throws -> Void) rethrows {
        guard tag == UInt8(ascii: "[") else { return }
        let last = end - 1
        var at = index + 1
        while at < last {
            let element = view(at: at)
            try body(element)
            at = element.end
        }
    }

    /// Calls `body` with each member in order, duplicates included; does nothing when this is no object.
    package func forEachMember(_ body: (_ name: UnsafeBufferPointer<UInt8>, JSONView) throws -> Void) rethrows {
        guard tag == UInt8(ascii: "{") else { return }
        let last = end - 1
        var at = index + 1
        while at < last {
            let name = view(at: at)
            let member = view(at: at + 1)
            guard let bytes = name.utf8 else { return }
            try body(bytes, member)
            at = member.end
        }
    }

    /// The first member of that name.
    package func member(_ name: StaticString) -> JSONView? {
        guard tag == UInt8(ascii: "{") else { return nil }
        let last = end - 1
        var at = index + 1
        while at < last {
            let member = view(at: at + 1)
            if let bytes = view(at: at).utf8, bytes.isEqual(to: name) { return member }
            at = member.end
        }
        return nil
    }

    /// The number of elements or members, exact up to 16,777,215; 0 for scalars.
    package var count: Int {
        switch tag {
        case UInt8(ascii: "{"), UInt8(ascii: "["): Int((tape[index] >> 32) & 0xFF_FFFF)
        default: 0
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether these bytes spell `text`.
    package func isEqual(to text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { other in
            for index in indices where self[index] != other[index] { return false }
            return true
        }
    }
}
