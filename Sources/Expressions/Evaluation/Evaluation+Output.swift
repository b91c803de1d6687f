extension Evaluation {
    /// Refuses a result that would be longer than the strings of an evaluation may be: an expression can put a value in
    /// many places for nothing, but whoever reads the result comes to it in each. A part of the input is as long as it is.
    /// - Throws: D2015, D1011.
    @inline(__always)
    mutating func checkOutput(_ value: Value) throws(ExpressionError) {
        switch value {
        case .array, .object: try checkLength(of: value)
        default: return
        }
    }

    private mutating func checkLength(of value: Value) throws(ExpressionError) {
        var left = limits.bytes
        if try fits(value, &left, isExact: false) { return }
        left = limits.bytes
        guard try fits(value, &left, isExact: true) else { throw tooLong }
    }

    private var tooLong: ExpressionError { ExpressionError("D2015", words: "\(limits.bytes) bytes") }

    /// Whether `left` bytes, which become less, are enough for it as JSON. Unless `isExact`, a part of a small document
    /// counts as the whole, which spares looking at it.
    private mutating func fits(_ value: Value, _ left: inout Int, isExact: Bool) throws(ExpressionError) -> Bool {
        left -= 2
        switch value {
        case .string(let text): left -= text.utf8.count
        case .number: left -= 6
        case .array(let list):
            try descend()
            for element in list.elements {
                guard try fits(element, &left, isExact: isExact) else { return false }
            }
        case .object(let object):
            try descend()
            for member in object.members {
                left -= member.name.utf8.count
                guard try fits(member.value, &left, isExact: isExact) else { return false }
            }
        case .documentArray(let node), .documentObject(let node):
            left -= node.length(atMost: left, isExact: isExact)
        default: break
        }
        return left >= 0
    }
}

extension DocumentNode {
    private static let smallDocument = 4 << 10

    /// About how many bytes it is as JSON; counting ends beyond `limit`.
    fileprivate func length(atMost limit: Int, isExact: Bool) -> Int {
        if !isExact, tape.byteCount <= Self.smallDocument { return tape.byteCount }
        var length = 0
        var at = firstIndex
        let last = lastIndex
        while at < last, length <= limit {
            switch tape.tag(at) {
            case UInt8(ascii: "\""):
                length += 2 + tape.utf8(at).count
                at += 1
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                length += 2
                at += 1
            default:
                length += 8
                at = tape.end(of: at)
            }
        }
        return length
    }
}
