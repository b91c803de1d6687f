import JSON
import Kernel

/// One stored message, or what is asked of it.
package struct StoredMessage: Sendable, JSONWritable {
    package struct Value: Sendable {
        package let key: String
        /// NaN when ``other`` has it.
        package let number: Double
        package let other: JSONValue?
        package let quality: Quality

        package func write(to json: inout JSONWriter) {
            if let other { json.value(other) } else { json.number(number) }
        }
    }

    package let time: Timestamp
    package let receivedAt: Timestamp
    package let provenance: MessageProvenance
    package let keysetNumber: Int32
    package let values: [Value]

    /// `{"ts", "received_at", "type", "source", "values": {…}, "quality": {…}}`; `quality` names only what is not good.
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("ts", time)
            json.field("received_at", receivedAt)
            json.field("type", "\(provenance.type.name)")
            json.field("source", "\(provenance.origin.name)")
            json.field("values") { json in
                json.object { json in
                    for value in values {
                        json.name(named: value.key)
                        value.write(to: &json)
                    }
                }
            }
            if values.contains(where: { $0.quality != .good }) {
                json.field("quality") { json in
                    json.object { json in
                        for value in values where value.quality != .good {
                            json.field(named: value.key, "\(value.quality.name)")
                        }
                    }
                }
            }
        }
    }
}
