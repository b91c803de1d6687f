/// What can be written as one JSON value.
package protocol JSONWritable {
    /// Writes exactly one value.
    func write(to json: inout JSONWriter)
}

/// Writes JSON text straight into bytes. Commas are its business; balance and names are the caller's.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init(reserving capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    /// An object whose members `body` writes with ``field(_:_:)``.
    package mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        beginObject()
        try body(&self)
        endObject()
    }

    /// ``object(_:)`` for loops over thousands of values, where a closure for each would be the dearest part.
    package mutating func beginObject() { open(UInt8(ascii: "{")) }

    package mutating func endObject() { close(UInt8(ascii: "}")) }

    /// An array whose elements `body` writes with ``value(_:)``, ``object(_:)`` or ``array(_:)``.
    package mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        open(UInt8(ascii: "["))
        try body(&self)
        close(UInt8(ascii: "]"))
    }

    package mutating func value(_ value: some JSONWritable) { value.write(to: &self) }

    package mutating func null() { raw("null") }

    /// A member of the current object. Static names need no escaping.
    package mutating func field(_ name: StaticString, _ value: some JSONWritable) {
        self.name(name)
        value.write(to: &self)
    }

    /// A member that is null when there is no value.
    package mutating func field(_ name: StaticString, _ value: (some JSONWritable)?) {
        self.name(name)
        if let value { value.write(to: &self) } else { null() }
    }

    package mutating func field(_ name: StaticString, _ body: (inout JSONWriter) throws -> Void) rethrows {
        self.name(name)
        try body(&self)
    }

    /// A member whose name is data.
    package mutating func field(named name: String, _ value: some JSONWritable) {
        self.name(named: name)
        value.write(to: &self)
    }

    package mutating func name(_ name: StaticString) {
        let comesAfterAnother = needsComma
        bytes.append(addingCapacity: name.utf8CodeUnitCount + 4) { text in
            if comesAfterAnother { text.append(UInt8(ascii: ",")) }
            text.append(UInt8(ascii: "\""))
            name.withUTF8Buffer { for byte in $0 { text.append(byte) } }
            text.append(UInt8(ascii: "\""))
            text.append(UInt8(ascii: ":"))
        }
        needsComma = false
    }

    package mutating func name(_ name: JSONName) {
        beginValue()
        bytes.append(contentsOf: name.bytes)
        needsComma = false
    }

    package mutating func name(named name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Text that is one JSON value already.
    package mutating func raw(_ text: StaticString) {
        beginValue()
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
        needsComma = true
    }

    /// Bytes that are one JSON value already, such as a jsonb column's.
    package mutating func raw(_ json: [UInt8]) {
        beginValue()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    package mutating func integer(_ value: some BinaryInteger) {
        beginValue()
        if let small = Int64(exactly: value) {
            appendDecimal(small.magnitude, isNegative: small < 0)
        } else {
            bytes.append(contentsOf: String(value).utf8)
        }
        needsComma = true
    }

    /// The shortest text that reads back as the same double; whole numbers without a fraction. JSON has no NaN and no
    /// infinity: they become null.
    package mutating func number(_ value: Double) {
        beginValue()
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53, value.sign == .plus || whole != 0 {
            appendDecimal(whole.magnitude, isNegative: whole < 0)
        } else if value.isFinite {
            appendFraction(value)
        } else {
            bytes.append(contentsOf: "null".utf8)
        }
        needsComma = true
    }

    /// Most measurements have at most three decimals. A decimal of at most 15 digits that reads back as the same double is
    /// also the shortest that does, because no two such decimals share a double.
    private mutating func appendFraction(_ value: Double) {
        let thousandths = (value.magnitude * 1000).rounded()
        guard thousandths >= 1, thousandths < 1e15, thousandths / 1000 == value.magnitude else {
            bytes.append(contentsOf: value.description.utf8)
            return
        }
        var (digits, places) = (UInt64(thousandths), 3)
        while digits % 10 == 0, places > 1 {
            digits /= 10
            places -= 1
        }
        appendDecimal(digits, isNegative: value < 0, places: places)
    }

    /// - Parameter places: how many of the digits stand behind the point.
    private mutating func appendDecimal(_ magnitude: UInt64, isNegative: Bool, places: Int = 0) {
        // Twenty digits of UInt64, the sign, the point and a zero before it.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { text in
            var (start, rest, written) = (24, magnitude, 0)
            repeat {
                if places > 0, written == places {
                    start -= 1
                    text[start] = UInt8(ascii: ".")
                }
                start -= 1
                text[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
                written += 1
            } while rest > 0 || written <= places && places > 0
            if isNegative {
                start -= 1
                text[start] = UInt8(ascii: "-")
            }
            bytes.append(contentsOf: UnsafeMutableBufferPointer(rebasing: text[start...]))
        }
    }

    package mutating func string(_ value: String) {
        beginValue()
        bytes.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { escape($0) }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// A string of ASCII that needs no escaping, such as an id or a time.
    package mutating func plainString(_ write: (inout [UInt8]) -> Void) {
        beginValue()
        bytes.append(UInt8(ascii: "\""))
        write(&bytes)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    private mutating func open(_ bracket: UInt8) {
        beginValue()
        bytes.append(bracket)
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func beginValue() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = false
    }

    /// RFC 8259 section 7: only the quotation mark, the reverse solidus and the controls must be escaped.
    private mutating func escape(_ text: UnsafeBufferPointer<UInt8>) {
        guard text.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else {
            return bytes.append(contentsOf: text)
        }
        var start = 0
        for (index, byte) in text.enumerated()
        where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
            bytes.append(contentsOf: text[start..<index])
            start = index + 1
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
            case UInt8(ascii: "\n"): bytes.append(contentsOf: #"\n"#.utf8)
            case UInt8(ascii: "\r"): bytes.append(contentsOf: #"\r"#.utf8)
            case UInt8(ascii: "\t"): bytes.append(contentsOf: #"\t"#.utf8)
            default:
                let digits = Array("0123456789abcdef".utf8)
                bytes.append(contentsOf: #"\u00"#.utf8)
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            }
        }
        bytes.append(contentsOf: text[start...])
    }
}

/// A member's name that is data and comes again and again: escaped once, with its colon.
package struct JSONName: Sendable {
    let bytes: [UInt8]

    package init(_ name: String) {
        var json = JSONWriter(reserving: name.utf8.count + 3)
        json.name(named: name)
        bytes = json.bytes
    }
}
