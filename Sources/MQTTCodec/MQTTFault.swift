/// Why a packet cannot be taken: what the connection is closed with, and a text for the log and the Reason String.
package struct MQTTFault: Error, Equatable, CustomStringConvertible {
    package let reason: ReasonCode
    private let text: StaticString

    package init(_ reason: ReasonCode, _ text: StaticString) {
        self.reason = reason
        self.text = text
    }

    /// The packet cannot be parsed (MQTT 5.0 §4.13.1).
    package static func malformed(_ text: StaticString) -> MQTTFault { MQTTFault(.malformedPacket, text) }

    /// The packet can be parsed and says what must not be said here (MQTT 5.0 §4.13.1).
    package static func protocolError(_ text: StaticString) -> MQTTFault { MQTTFault(.protocolError, text) }

    package var description: String { text.description }

    package static func == (left: MQTTFault, right: MQTTFault) -> Bool {
        left.reason == right.reason && left.description == right.description
    }
}
