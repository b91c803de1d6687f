import MQTTCodec
import MQTTSession
import NIOCore
import NIOSSL

/// Where an MQTT server listens, and what it offers.
package struct MQTTServerConfiguration: Sendable {
    /// How bytes travel.
    package enum Transport: String, Sendable, CaseIterable {
        case tcp, tls
        /// MQTT in WebSocket messages (MQTT 5.0 §6), without and with TLS.
        case webSocket, secureWebSocket

        var isSecure: Bool { self == .tls || self == .secureWebSocket }
        var isWebSocket: Bool { self == .webSocket || self == .secureWebSocket }
    }

    package var host: String
    /// Port 0 takes any free one.
    package var ports: [Transport: Int]
    /// For the transports with TLS. A client's certificate reaches the delegate when this asks for one.
    package var tls: TLSConfiguration?
    package var broker: BrokerOptions
    /// The path of WebSocket connections.
    package var webSocketPath = "/mqtt"
    package var patience = Patience()

    /// How long a server that shuts down waits for others.
    package struct Patience: Sendable {
        /// For verdicts about what clients have published, which are told them before they are told goodbye.
        package var untilGoodbye = TimeAmount.seconds(10)
        /// For clients to close, for verdicts about their Wills and what was late, and for sessions to be persisted.
        package var afterGoodbye = TimeAmount.seconds(10)
    }

    package init(
        host: String = "127.0.0.1", ports: [Transport: Int] = [.tcp: 1883], tls: TLSConfiguration? = nil,
        broker: BrokerOptions = .standard
    ) {
        self.host = host
        self.ports = ports
        self.tls = tls
        self.broker = broker
    }
}

extension BrokerOptions {
    /// With client identifiers from the system's random numbers.
    package static var standard: BrokerOptions {
        BrokerOptions {
            let random =
                String(UInt64.random(in: .min ... .max), radix: 36)
                + String(UInt64.random(in: .min ... .max), radix: 36)
            return MQTTString("auto-\(random)") ?? "auto"
        }
    }
}
