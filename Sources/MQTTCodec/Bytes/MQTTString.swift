/// A UTF-8 Encoded String (MQTT 5.0 §1.5.4): well-formed UTF-8 without U+0000, at most 65,535 bytes.
///
/// Two of them are equal when their bytes are: the standard forbids normalization ([MQTT-4.7.3-4]), while Swift's `String`
/// takes canonically equivalent texts for the same.
package struct MQTTString: Sendable, Hashable {
    package let bytes: ByteSlice

    /// For bytes that are known to be valid.
    init(unchecked bytes: ByteSlice) { self.bytes = bytes }

    /// - Throws: ``MQTTFault`` for ill-formed UTF-8, U+0000 ([MQTT-1.5.4-1], [MQTT-1.5.4-2]) or too many bytes.
    package init(validating bytes: ByteSlice) throws(MQTTFault) {
        guard bytes.count <= Int(UInt16.max) else { throw .malformed("a string is longer than 65,535 bytes") }
        guard bytes.withUnsafeBytes(MQTTString.isWellFormed) else { throw .malformed("a string is not valid UTF-8") }
        self.bytes = bytes
    }

    /// - Returns: nil when the text holds U+0000 or is too long.
    package init?(_ text: String) {
        var text = text
        let bytes = text.withUTF8 { ByteSlice(copying: UnsafeRawBufferPointer($0)) }
        guard let valid = try? MQTTString(validating: bytes) else { return nil }
        self = valid
    }

    package var count: Int { bytes.count }
    package var isEmpty: Bool { bytes.isEmpty }

    /// The same text in memory of its own.
    package func detached() -> MQTTString { MQTTString(unchecked: bytes.detached()) }

    package func hasPrefix(_ prefix: StaticString) -> Bool {
        guard count >= prefix.utf8CodeUnitCount else { return false }
        return bytes.withUnsafeBytes { bytes in
            prefix.withUTF8Buffer { prefix in bytes.prefix(prefix.count).elementsEqual(prefix) }
        }
    }

    private static func isWellFormed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // Nearly all topics are ASCII: eight bytes at a time, until one has its high bit set or is zero.
        var index = 0
        let low: UInt64 = 0x0101_0101_0101_0101
        let high: UInt64 = 0x8080_8080_8080_8080
        while index + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if ((word &- low) | word) & high != 0 { break }
            index += 8
        }
        while index < bytes.count {
            let byte = bytes[index]
            guard byte != 0 else { return false }
            guard byte < 0x80 else {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[index...])
                return !rest.contains(0) && String(validating: rest, as: UTF8.self) != nil
            }
            index += 1
        }
        return true
    }
}

extension ByteSlice {
    /// Whether they are well-formed UTF-8, U+0000 included.
    package var isUTF8: Bool { withUnsafeBytes { String(validating: $0, as: UTF8.self) != nil } }
}

extension MQTTString: ExpressibleByStringLiteral {
    /// For texts in source code.
    package init(stringLiteral text: StaticString) {
        bytes = text.withUTF8Buffer { ByteSlice(copying: UnsafeRawBufferPointer($0)) }
    }
}

extension MQTTString: CustomStringConvertible {
    package var description: String { bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}
