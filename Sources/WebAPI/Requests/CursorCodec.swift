import JSON
import Kernel
import Secrets

/// What a cursor is good for: one organization, one route, one set of filters and one order.
package struct CursorBinding: Sendable {
    let bytes: [UInt8]

    /// - Parameters:
    ///   - path: the path's parameters.
    ///   - parameters: the query; what changes only the size of a page does not bind.
    package init(
        organizationID: OrganizationID?, route: String, path: [String: String] = [:], parameters: JSONObject = [:]
    ) {
        var writer = JSONWriter()
        writer.array { json in
            json.value(organizationID?.description ?? "")
            json.value(route)
            for (name, value) in path.sorted(by: { $0.key < $1.key }) {
                json.value(name)
                json.value(value.lowercased())
            }
            for (name, value) in parameters.members.sorted(by: { $0.name < $1.name })
            where !["limit", "cursor", "count"].contains(name) {
                json.value(name)
                json.value(value)
            }
        }
        bytes = writer.bytes
    }
}

/// Cursors: the place in a list, authenticated with HMAC-SHA256 so that nobody makes one up or carries one elsewhere (S30).
package struct CursorCodec: Sendable {
    private let key: [UInt8]
    private static let tagLength = 16

    /// - Parameter key: at least 32 random bytes, the same in every process.
    package init(key: [UInt8]) { self.key = key }

    /// What answers that are kept for a repetition are sealed with: some show a secret, and no secret lies in the database.
    var answerKeys: SealingKeyring {
        get throws(SecretsError) {
            let bytes = HMACSHA256.tag(of: Array("rookery kept answers".utf8), key: key).bytes
            return SealingKeyring(current: try SealingKey(version: 1, bytes: bytes))
        }
    }

    /// Tells requests apart without keeping them: a plain hash of one with a password in it would let passwords be tried.
    func requestHash(_ request: [UInt8]) -> [UInt8] {
        HMACSHA256.tag(of: request, key: HMACSHA256.tag(of: Array("rookery requests".utf8), key: key).bytes).bytes
    }

    package func seal(_ position: PagePosition, for binding: CursorBinding) -> String {
        var writer = JSONWriter()
        writer.array { json in
            for key in position.keys { json.value(key) }
        }
        return Base64URL.encode(writer.bytes + tag(writer.bytes, binding))
    }

    /// Nil when the cursor was not sealed for this binding.
    package func open(_ text: String, for binding: CursorBinding) -> PagePosition? {
        guard let bytes = Base64URL.decode(text.utf8), bytes.count > Self.tagLength else { return nil }
        let payload = Array(bytes.dropLast(Self.tagLength))
        guard ConstantTime.areEqual(bytes.suffix(Self.tagLength), tag(payload, binding)),
            let keys = (try? JSONValue(parsing: payload))?.array
        else { return nil }
        return PagePosition(keys)
    }

    private func tag(_ payload: [UInt8], _ binding: CursorBinding) -> [UInt8] {
        // Neither part holds a zero byte, so the separator keeps "ab" + "c" apart from "a" + "bc".
        Array(HMACSHA256.tag(of: binding.bytes + [0] + payload, key: key).bytes.prefix(Self.tagLength))
    }
}
