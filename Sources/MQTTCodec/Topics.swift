/// Rules for topic names and filters (MQTT 5.0 §4.7).
extension MQTTString {
    /// A name is not empty and has no wildcard ([MQTT-4.7.3-1], [MQTT-3.3.2-2]).
    package var isTopicName: Bool {
        guard !isEmpty else { return false }
        return bytes.withUnsafeBytes { bytes in
            for byte in bytes where byte == wildcardOne || byte == wildcardRest { return false }
            return true
        }
    }

    /// In a filter a wildcard fills a whole level, and `#` only the last ([MQTT-4.7.1-1], [MQTT-4.7.1-2]).
    package var isTopicFilter: Bool {
        guard !isEmpty else { return false }
        return bytes.withUnsafeBytes { bytes in
            for index in bytes.indices where bytes[index] == wildcardOne || bytes[index] == wildcardRest {
                if index > 0, bytes[index - 1] != levelSeparator { return false }
                guard index + 1 < bytes.count else { continue }
                if bytes[index] == wildcardRest || bytes[index + 1] != levelSeparator { return false }
            }
            return true
        }
    }

    package var hasWildcard: Bool {
        bytes.withUnsafeBytes { $0.contains { $0 == wildcardOne || $0 == wildcardRest } }
    }

    /// Topics that begin with `$` belong to the server and match no leading wildcard ([MQTT-4.7.2-1]).
    package var isServerTopic: Bool { bytes.withUnsafeBytes { $0.first == UInt8(ascii: "$") } }

    package var levelCount: Int {
        bytes.withUnsafeBytes { bytes in
            var count = 1
            for byte in bytes where byte == levelSeparator { count += 1 }
            return count
        }
    }
}

/// `$share/{ShareName}/{filter}` (MQTT 5.0 §4.8.2).
package struct SharedFilter: Equatable {
    package let shareName: MQTTString
    package let filter: MQTTString

    /// - Returns: nil for a filter that is not shared.
    /// - Throws: ``MQTTFault`` when the share name is empty or has a wildcard ([MQTT-4.8.2-1], [MQTT-4.8.2-2]), or the
    ///   filter behind it is none.
    package init?(_ text: MQTTString) throws(MQTTFault) {
        guard text.hasPrefix("$share/") else { return nil }
        let rest = text.bytes.dropFirst(7)
        guard let slash = rest.withUnsafeBytes({ $0.firstIndex(of: levelSeparator) }) else {
            throw .malformed("a shared subscription has no topic filter")
        }
        shareName = MQTTString(unchecked: rest[0..<slash])
        filter = MQTTString(unchecked: rest[(slash + 1)..<rest.count])
        guard shareName.isTopicName else { throw .malformed("a share name is empty or has a wildcard") }
        guard filter.isTopicFilter else { throw .malformed("a shared subscription has no valid topic filter") }
    }
}

private let wildcardOne = UInt8(ascii: "+")
private let wildcardRest = UInt8(ascii: "#")
private let levelSeparator = UInt8(ascii: "/")

extension MQTTString {
    /// A part of the text between two slashes, which is as valid as the whole.
    package func level(_ range: Range<Int>) -> MQTTString { MQTTString(unchecked: bytes[range]) }
}
