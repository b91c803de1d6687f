import ArgumentParser
import Foundation
import HTTPServer
import Logging
import MQTTCodec
import MQTTServer
import MQTTSession
import NIOSSL
import ServiceLifecycle
import UnixSignals

/// `rookery mqtt`: the MQTT server without the platform.
struct MQTT: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a plain MQTT 3.1.1 and 5 broker, until SIGTERM or SIGINT.",
        discussion: """
            Everything is in memory: sessions and retained messages end with the process. Without --user everybody is let \
            in, so it listens on this machine only unless --host says otherwise.
            """)

    @Flag(help: "Without the platform and its database; the only way so far.")
    var standalone = false

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port for TCP.")
    var port = 1883

    @Option(help: "The port for WebSocket.")
    var webSocketPort: Int?

    @Option(help: "The port for TLS.")
    var tlsPort: Int?

    @Option(help: "The port for WebSocket with TLS.")
    var secureWebSocketPort: Int?

    @Option(help: "PEM file with the server's certificate chain.")
    var certificate: String?

    @Option(help: "PEM file with the certificate's key.")
    var key: String?

    @Option(help: "PEM file with the authorities of client certificates; every client must then bring one.")
    var clientAuthorities: String?

    @Option(help: "A user who is let in, with a --password in the same place; may be repeated.")
    var user: [String] = []

    @Option(help: "The password of the --user in the same place.")
    var password: [String] = []

    @Option(help: "Seconds of keep-alive at most, for clients of MQTT 5.")
    var maximumKeepAlive: UInt16?

    @Option(help: "Bytes of a packet at most.")
    var maximumPacketSize = DecodingLimits().packetSize

    @Option(help: "A topic filter that nobody may subscribe to; may be repeated.")
    var denySubscription: [String] = []

    func validate() throws {
        guard standalone else {
            throw ValidationError("Say --standalone: the platform's own endpoint is part of serve.")
        }
        guard user.count == password.count else { throw ValidationError("Every --user needs a --password.") }
        guard (1_024...(256 << 20)).contains(maximumPacketSize) else {
            throw ValidationError("--maximum-packet-size must be between 1,024 and 268,435,456.")
        }
        let isSecure = tlsPort != nil || secureWebSocketPort != nil
        guard !isSecure || (certificate != nil && key != nil) else {
            throw ValidationError("TLS needs --certificate and --key.")
        }
    }

    func run() async throws {
        OpenFileLimit.raise()
        var configuration = MQTTServerConfiguration(host: host, ports: [.tcp: port])
        configuration.ports[.tls] = tlsPort
        configuration.ports[.webSocket] = webSocketPort
        configuration.ports[.secureWebSocket] = secureWebSocketPort
        configuration.broker.maximumKeepAlive = maximumKeepAlive
        configuration.broker.decoding.packetSize = maximumPacketSize
        configuration.tls = try makeTLS()
        let service = MQTTService(configuration: configuration, delegate: try makeDelegate()) { server in
            for (transport, port) in server.ports.sorted(by: { $0.value < $1.value }) {
                print("listening: \(transport.rawValue) \(host):\(port)")
            }
            fflush(nil)
        }
        var logger = Logger(label: "mqtt")
        logger.logLevel = .warning
        try await ServiceGroup(
            services: [service], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger
        ).run()
    }

    private func makeDelegate() throws -> StandaloneDelegate {
        var passwords: [MQTTString: [UInt8]] = [:]
        for (user, password) in zip(user, password) { passwords[try text(user)] = Array(password.utf8) }
        return StandaloneDelegate(passwords: passwords, deniedFilters: Set(try denySubscription.map(text)))
    }

    private func text(_ text: String) throws -> MQTTString {
        guard let text = MQTTString(text) else { throw ValidationError("\(text) is not a text that MQTT can carry.") }
        return text
    }

    private func makeTLS() throws -> TLSConfiguration? {
        guard let certificate, let key else { return nil }
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
        tls.minimumTLSVersion = .tlsv12
        if let clientAuthorities {
            tls.trustRoots = .file(clientAuthorities)
            tls.certificateVerification = .noHostnameVerification
        }
        return tls
    }
}
