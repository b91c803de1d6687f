import Foundation
import HTTPServer
import NIOCore
import NIOSSL
import ServiceLifecycle
import Testing

@Suite("TLS")
struct TLSTests {
    /// A certificate for localhost that signs itself, with its key.
    struct Identity {
        let server: TLSConfiguration
        let client: NIOSSLContext

        init() throws {
            let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
                "tls-\(UInt64.random(in: 0 ... .max))")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: directory) }
            let (certificate, key) = (
                directory.appendingPathComponent("c.pem").path, directory.appendingPathComponent("k.pem").path
            )
            let openssl = Process()
            openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            openssl.arguments = [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out",
                certificate,
            ]
            openssl.standardError = FileHandle.nullDevice
            try openssl.run()
            openssl.waitUntilExit()
            let chain = try NIOSSLCertificate.fromPEMFile(certificate)
            server = .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
            var trusting = TLSConfiguration.makeClientConfiguration()
            trusting.trustRoots = .certificates(chain)
            client = try NIOSSLContext(configuration: trusting)
        }
    }

    @Test("requests, sockets and refusals go over TLS; plain text on its port gets nothing")
    func overTLS() async throws {
        let identity = try Identity()
        try await TestServer.run(configure: { $0.tls = identity.server }) { server in
            let connection = try await RawConnection(port: server.port, tls: identity.client)
            for _ in 0..<2 {
                try await connection.send("GET /secure HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(await connection.answer().body.hasPrefix("GET /secure"))
            }
            try await connection.send("GET / HTTP/1.1\r\nHost : a\r\n\r\n")
            #expect(await connection.rest().hasPrefix("HTTP/1.1 400"))
            let last = try await RawConnection(port: server.port, tls: identity.client)
            try await last.send("GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            #expect(await last.rest().contains("GET /last"))

            let socket = try await RawWebSocket(port: server.port, tls: identity.client)
            try await socket.send("hello")
            #expect(await socket.receive().map { String(decoding: $0.payload, as: UTF8.self) } == "hello")

            #expect(try await !server.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").contains("HTTP/1.1"))
            await server.group.triggerGracefulShutdown()
            #expect(await socket.closeCode() == 1001)
        }
    }
}
