import Foundation
import HTTPServer
import Kernel
import Logging
import NIOCore
import NIOSSL
import Persistence
import PostgresClient
import Secrets

extension Configuration {
    /// Each holds 46 MiB while it runs, and a processor.
    package static var passwordHashesAtOnce: Int { max(1, ProcessInfo.processInfo.activeProcessorCount / 2) }

    /// The server's pools, one a role.
    package func makeDatabases(logger: Logger) throws -> Databases {
        var settings = PostgresConfiguration(url: databaseURL)
        settings.database = databaseName
        settings.statementTimeout = statementTimeout
        return try Databases(
            configuration: settings, password: rolePassword, logger: logger,
            connections: (api: connections, ingest: ingestConnections, system: 3))
    }

    /// - Throws: when the certificate or the key cannot be read.
    func makeHTTPConfiguration() throws -> HTTPServerConfiguration {
        var http = HTTPServerConfiguration(host: address, port: port)
        if let tls {
            let chain = try NIOSSLCertificate.fromPEMFile(tls.certificate).map {
                NIOSSLCertificateSource.certificate($0)
            }
            let key = try NIOSSLPrivateKey(file: tls.key, format: .pem)
            http.tls = .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
        }
        http.limits.bodyBytes = bodyLimit
        http.limits.inflatedBytes = bodyLimit * 2
        http.allowedOrigins = Set(allowedOrigins + [publicURL])
        http.shutdownDeadline = .nanoseconds(shutdownTimeout.wholeMicroseconds * 1000)
        return http
    }
}
