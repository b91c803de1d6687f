import Foundation
import JSON

/// One value by which an entity is found, in a form that a btree orders: under row-level security no other index helps
/// (Decisions, 45).
package struct SearchEntry: Hashable, Sendable {
    /// The field: `tag`, `text`, `md.` and a path, or a column's name.
    package let field: String
    /// Folded UTF-8, at most 64 bytes.
    package let value: [UInt8]

    static let maximumBytes = 64
    private static let maximumEntries = 300
    private static let maximumFieldName = 200

    init(_ field: String, _ text: String) {
        self.field = field
        value = Self.key(text)
    }

    /// Without regard to case and accents, cut after 64 bytes.
    package static func key(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for scalar in text.decomposedStringWithCompatibilityMapping.lowercased().unicodeScalars
        where scalar.properties.generalCategory != .nonspacingMark {
            let encoded = Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            guard bytes.count + encoded.count <= maximumBytes else { break }
            bytes += encoded
        }
        return bytes
    }

    /// The smallest key above every key that begins with `prefix`.
    package static func end(ofPrefix prefix: [UInt8]) -> [UInt8] {
        var end = prefix
        // No byte of UTF-8 is 0xFF.
        if let last = end.popLast() { end.append(last + 1) }
        return end
    }

    /// The words of a text: what stands between white space, and the parts of it between punctuation.
    package static func words(_ text: String) -> Set<String> {
        var words = Set<String>()
        for token in text.split(whereSeparator: \.isWhitespace) {
            words.insert(String(token))
            for part in token.split(whereSeparator: { !$0.isLetter && !$0.isNumber }) { words.insert(String(part)) }
        }
        return words
    }

    /// What a device is found by, besides its columns with an index.
    package static func entries(of device: DeviceFields) -> Set<SearchEntry> {
        var entries = Set<SearchEntry>()
        for tag in device.tags { entries.insert(SearchEntry("tag", tag)) }
        let columns = [
            ("hardware_version", device.hardwareVersion), ("firmware_version", device.firmwareVersion),
            ("batch", device.batch), ("factory", device.factory),
        ]
        for (name, value) in columns {
            if let value { entries.insert(SearchEntry(name, value)) }
        }
        let texts = [device.name, device.deviceKey ?? "", device.serialNumber ?? ""] + device.tags
        for word in texts.reduce(into: Set<String>(), { $0.formUnion(words($1)) }) {
            entries.insert(SearchEntry("text", word))
        }
        addMetadata(device.metadata, path: "md", to: &entries)
        return entries.filter { !$0.value.isEmpty }
    }

    private static func addMetadata(_ value: JSONValue, path: String, to entries: inout Set<SearchEntry>) {
        guard entries.count < maximumEntries, path.unicodeScalars.count <= maximumFieldName else { return }
        switch value {
        case .object(let object):
            for (name, member) in object.members { addMetadata(member, path: "\(path).\(name)", to: &entries) }
        case .array(let elements):
            for element in elements { addMetadata(element, path: path, to: &entries) }
        case .null: break
        case .string(let text): entries.insert(SearchEntry(path, text))
        case .boolean, .integer, .number: entries.insert(SearchEntry(path, value.text))
        }
    }
}
