import Foundation
import Logging
import Secrets

/// The configuration, checked: every value has its type and its unit.
package struct Configuration: Sendable {
    package enum LogFormat: String, Sendable { case json, text }

    package var databaseURL: String
    /// Replaces the database of the URL.
    package var databaseName: String?
    package var rolePassword: String
    package var connections: Int
    package var ingestConnections: Int
    package var statementTimeout: Duration
    package var keyring: SealingKeyring
    package var address: String
    package var port: Int
    package var publicURL: String
    package var tls: TLSFiles?
    package var trustedProxies: [String]
    package var allowedOrigins: [String]
    package var accessTokenLifetime: Duration
    package var refreshTokenLifetime: Duration
    package var lanes: Int
    package var bodyLimit: Int
    package var shutdownTimeout: Duration
    package var logLevel: Logger.Level
    package var logFormat: LogFormat
    package var root: URL
    package var docsDirectory: URL?

    package struct TLSFiles: Sendable {
        package var certificate: String
        package var key: String
    }

    /// - Throws: ``ConfigurationError`` with every fault.
    package init(_ values: SettingValues) throws {
        var check = SettingCheck(values)
        databaseURL = check.text(.databaseURL)
        rolePassword = check.text(.rolePassword)
        connections = check.integer(.connections, 1...200)
        ingestConnections = check.integer(.ingestConnections, 1...32)
        statementTimeout = .seconds(check.integer(.statementTimeout, 1...3600))
        keyring = check.keyring(.masterKey)
        address = check.text(.address)
        port = check.integer(.port, 0...65_535)
        publicURL = check.url(.publicURL)
        tls = check.pair(.tlsCertificate, .tlsKey).map { TLSFiles(certificate: $0, key: $1) }
        trustedProxies = check.list(.trustedProxies)
        allowedOrigins = check.list(.allowedOrigins)
        accessTokenLifetime = .seconds(check.integer(.accessTokenSeconds, 30...86_400))
        refreshTokenLifetime = .seconds(86_400 * check.integer(.refreshTokenDays, 1...400))
        lanes = check.integer(.lanes, 1...64)
        bodyLimit = check.integer(.bodyLimit, 1024...268_435_456)
        shutdownTimeout = .seconds(check.integer(.shutdownSeconds, 1...600))
        logLevel = check.choice(.logLevel) ?? .info
        logFormat = check.choice(.logFormat) ?? .json
        root = URL(fileURLWithPath: check.text(.root), isDirectory: true)
        docsDirectory = values[.docsDirectory].map { URL(fileURLWithPath: $0, isDirectory: true) }
        if !check.faults.isEmpty { throw ConfigurationError(faults: check.faults) }
    }

    package var migrations: URL { root.appendingPathComponent("Migrations", isDirectory: true) }
    package var policies: URL { root.appendingPathComponent("policies", isDirectory: true) }
    package var openAPI: URL { root.appendingPathComponent("openapi", isDirectory: true) }
}

extension Configuration {
    /// Reads the process's environment.
    package static func fromEnvironment() throws -> Configuration {
        try Configuration(SettingValues(environment: ProcessInfo.processInfo.environment))
    }
}
