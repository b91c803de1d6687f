import Glibc
import JSON
import Synchronization

/// A document's memory. Its layout: https://github.com/simdjson/simdjson/blob/v3.0.1/doc/tape.md
///
/// Sendable, unchecked: the pointers are the document's, which never changes and which this object keeps.
final class Tape: @unchecked Sendable {
    private let document: JSONDocument
    /// Long strings once they were asked for, by their index: otherwise each look at one would be another copy.
    private let longStrings = Mutex<[Int: String]>([:])
    private static let longString = 256
    let words: UnsafePointer<UInt64>
    let strings: UnsafePointer<UInt8>
    /// Whether it may take long to find a member; what is small is not worth the question.
    let isLarge: Bool

    init(_ document: JSONDocument) {
        self.document = document
        words = document.tape
        strings = document.strings
        isLarge = document.byteCount > 4_096
    }

    /// Of the text that was parsed.
    var byteCount: Int { document.byteCount }

    @inline(__always)
    func tag(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: words[index] >> 56) }

    /// The index just behind the value at `index`.
    @inline(__always)
    func end(of index: Int) -> Int {
        switch tag(index) {
        case UInt8(ascii: "{"), UInt8(ascii: "["): Int(UInt32(truncatingIfNeeded: words[index]))
        case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"): index + 2
        default: index + 1
        }
    }

    /// The bytes of the string at `index`: valid UTF-8, unescaped.
    @inline(__always)
    func utf8(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        let start = strings + Int(words[index] & 0x00FF_FFFF_FFFF_FFFF)
        let count = UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)
        return UnsafeBufferPointer(start: start + 4, count: Int(count))
    }

    /// How many elements or members the array or object at `index` has, at most 16,777,215.
    @inline(__always)
    func count(_ index: Int) -> Int { Int((words[index] >> 32) & 0xFF_FFFF) }

    /// How long the search for a member of the object at `index` may take, in steps.
    @inline(__always)
    func effort(toFind name: FieldName, in index: Int) -> Int { (count(index) &* name.weight) >> 6 }

    @inline(__always)
    func string(_ index: Int) -> String {
        let bytes = utf8(index)
        return bytes.count <= Self.longString ? String(decoding: bytes, as: UTF8.self) : longString(index)
    }

    private func longString(_ index: Int) -> String {
        longStrings.withLock { known in
            if let string = known[index] { return string }
            let string = String(decoding: utf8(index), as: UTF8.self)
            known[index] = string
            return string
        }
    }

    @inline(__always)
    func value(_ index: Int) -> Value {
        switch tag(index) {
        case UInt8(ascii: "d"): .number(Double(bitPattern: words[index + 1]))
        case UInt8(ascii: "l"): .number(Double(Int64(bitPattern: words[index + 1])))
        case UInt8(ascii: "\""): .string(string(index))
        case UInt8(ascii: "t"): .boolean(true)
        case UInt8(ascii: "f"): .boolean(false)
        case UInt8(ascii: "{"): .documentObject(DocumentNode(tape: self, index: Int32(truncatingIfNeeded: index)))
        case UInt8(ascii: "["): .documentArray(DocumentNode(tape: self, index: Int32(truncatingIfNeeded: index)))
        case UInt8(ascii: "u"): .number(Double(words[index + 1]))
        default: .null
        }
    }

    /// The index of the first member of that name of the object at `index`, or nil.
    @inline(__always)
    func member(_ name: FieldName, of index: Int) -> Int? {
        let last = Int(UInt32(truncatingIfNeeded: words[index])) - 1
        var at = index + 1
        while at < last {
            let bytes = utf8(at)
            if bytes.count == name.count, let start = bytes.baseAddress, memcmp(start, name.bytes, bytes.count) == 0 {
                return at + 1
            }
            at = end(of: at + 1)
        }
        return nil
    }
}

/// An array or an object of a document.
package struct DocumentNode: Sendable {
    let tape: Tape
    let index: Int32

    @inline(__always)
    var value: Value { tape.value(Int(index)) }

    /// Exact up to 16,777,215, which stands for all that are more.
    var count: Int { tape.count(Int(index)) }
    /// How long a look at all of it may take, in steps: see ``Value/extent``. How long the strings in it are is not known;
    /// they may be as long as the text.
    var extent: Int { span / 16 + tape.byteCount / 512 }
    /// How many words of the tape it takes.
    var span: Int { lastIndex - Int(index) }

    @inline(__always)
    var firstIndex: Int { Int(index) + 1 }
    /// Behind the last element or member.
    @inline(__always)
    var lastIndex: Int { Int(UInt32(truncatingIfNeeded: tape.words[Int(index)])) - 1 }

    var exactCount: Int { count < 0xFF_FFFF ? count : elements.count }

    /// The elements of an array.
    var elements: [Value] {
        var elements: [Value] = []
        elements.reserveCapacity(count)
        var at = firstIndex
        let last = lastIndex
        while at < last {
            elements.append(tape.value(at))
            at = tape.end(of: at)
        }
        return elements
    }

    /// The element of an array that has more than `position`.
    func element(at position: Int) -> Value {
        var at = firstIndex
        for _ in 0..<position { at = tape.end(of: at) }
        return tape.value(at)
    }

    /// The members of an object; the first of those with one name.
    var members: [(name: String, value: Value)] {
        var members: [(name: String, value: Value)] = []
        members.reserveCapacity(count)
        var at = firstIndex
        let last = lastIndex
        while at < last {
            members.append((tape.string(at), tape.value(at + 1)))
            at = tape.end(of: at + 1)
        }
        guard members.count > 1 else { return members }
        var seen = Set<ExactText>(minimumCapacity: members.count)
        members.removeAll { !seen.insert(ExactText($0.name)).inserted }
        return members
    }
}

/// A member's name, ready to be compared with the bytes of a document.
///
/// Sendable, unchecked: the bytes are written once, in `init`.
final class FieldName: @unchecked Sendable {
    let text: String
    let bytes: UnsafeMutablePointer<UInt8>
    let count: Int
    /// How much longer than usual it takes to compare it.
    let weight: Int

    init(_ text: String) {
        self.text = text
        count = text.utf8.count
        weight = 1 + count / 64
        bytes = .allocate(capacity: max(count, 1))
        var position = 0
        for byte in text.utf8 {
            bytes[position] = byte
            position += 1
        }
    }

    deinit { bytes.deallocate() }
}
