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
        guard user.count == password.count else {
            throw ValidationError("Every --user needs a --password, and every --password a --user.")
        }
        guard Set(user).count == user.count else { throw ValidationError("A --user is named twice.") }
        let ports = [port, webSocketPort, tlsPort, secureWebSocketPort].compactMap(\.self)
        guard ports.allSatisfy((0...65_535).contains) else {
            throw ValidationError("A port is a number up to 65,535; 0 takes any free one.")
        }
        guard Set(ports.filter { $0 != 0 }).count == ports.count(where: { $0 != 0 }) else {
            throw ValidationError("Every transport needs a port of its own.")
        }
        guard maximumKeepAlive != 0 else { throw ValidationError("--maximum-keep-alive must be a second or more.") }
        guard (1_024...(256 << 20)).contains(maximumPacketSize) else {
            throw ValidationError("--maximum-packet-size must be between 1,024 and 268,435,456.")
        }
        let isSecure = tlsPort != nil || secureWebSocketPort != nil
        guard !isSecure || (certificate != nil && key != nil) else {
            throw ValidationError("TLS needs --certificate and --key.")
        }
        guard isSecure || (certificate == nil && key == nil && clientAuthorities == nil) else {
            throw ValidationError(
                "--certificate, --key and --client-authorities are for --tls-port or --secure-web-socket-port.")
        }
        for filter in denySubscription where MQTTString(filter)?.isTopicFilter != true {
            throw ValidationError("--deny-subscription \(filter) is not a topic filter.")
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
                let host = host.contains(":") ? "[\(host)]" : host
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
        let chain = try read(certificate, "a certificate in PEM") { try NIOSSLCertificate.fromPEMBytes($0) }
        let privateKey = try read(key, "a key in PEM without a password") {
            try NIOSSLPrivateKey(bytes: $0, format: .pem)
        }
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        tls.minimumTLSVersion = .tlsv12
        if let clientAuthorities {
            let authorities = try read(clientAuthorities, "certificates in PEM") {
                try NIOSSLCertificate.fromPEMBytes($0)
            }
            tls.trustRoots = .certificates(authorities)
            tls.certificateVerification = .noHostnameVerification
        }
        return tls
    }

    /// What a file holds; says plainly which file is missing or holds something else.
    private func read<Value>(_ file: String, _ kind: String, _ parse: ([UInt8]) throws -> Value) throws -> Value {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw UnusableFile(description: "\(file) cannot be read.")
        }
        do {
            return try parse(Array(data))
        } catch {
            throw UnusableFile(description: "\(file) does not hold \(kind).")
        }
    }
}

private struct UnusableFile: Error, CustomStringConvertible {
    let description: String
}
