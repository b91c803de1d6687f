/// One configuration variable: what `rookery config` prints and what is accepted.
package struct Setting: Sendable {
    package let name: String
    /// What it does, with units.
    package let summary: String
    /// What counts when it is not set; nil when nothing does.
    package let standard: String?
    /// A secret can also come from the file that `NAME_FILE` names, and is never printed.
    package let isSecret: Bool

    init(_ name: String, _ summary: String, standard: String? = nil, isSecret: Bool = false) {
        self.name = name
        self.summary = summary
        self.standard = standard
        self.isSecret = isSecret
    }

    package var fileName: String { name + "_FILE" }
}

extension Setting {
    package static let databaseURL = Setting(
        "DATABASE_URL",
        "PostgreSQL of the platform as postgres://user@host:port/name?sslmode=…; the role owns the schema and migrates. "
            + "The server itself signs in as rookery_api, rookery_ingest and rookery_system on the same database.",
        isSecret: true)
    package static let rolePassword = Setting(
        "ROOKERY_DATABASE_ROLE_PASSWORD",
        "Password of rookery_api, rookery_ingest and rookery_system; `rookery migrate` sets it.", isSecret: true)
    package static let connections = Setting(
        "ROOKERY_DATABASE_CONNECTIONS", "Connections for API requests.", standard: "8")
    package static let ingestConnections = Setting(
        "ROOKERY_DATABASE_INGEST_CONNECTIONS", "Connections that write telemetry.", standard: "2")
    package static let statementTimeout = Setting(
        "ROOKERY_DATABASE_STATEMENT_SECONDS", "Longest time that one statement may take, in seconds.", standard: "30")
    package static let masterKey = Setting(
        "ROOKERY_MASTER_KEY",
        "Seals secrets at rest: 32 bytes as 64 hexadecimal digits (openssl rand -hex 32). To rotate, put the new key in front: "
            + "2:NEW,1:OLD.",
        isSecret: true)
    package static let address = Setting("ROOKERY_ADDRESS", "Address to listen on.", standard: "127.0.0.1")
    package static let port = Setting(
        "ROOKERY_PORT", "Port for HTTP and WebSocket; 0 takes a free one.", standard: "8080")
    package static let publicURL = Setting(
        "ROOKERY_PUBLIC_URL", "Where users reach the platform; the issuer of access tokens.",
        standard: "http://localhost:8080")
    package static let tlsCertificate = Setting(
        "ROOKERY_TLS_CERTIFICATE", "PEM file with the certificate chain; set it with ROOKERY_TLS_KEY to serve TLS.")
    package static let tlsKey = Setting("ROOKERY_TLS_KEY", "PEM file with the private key.")
    package static let trustedProxies = Setting(
        "ROOKERY_TRUSTED_PROXIES",
        "Addresses of reverse proxies, separated by commas, whose X-Forwarded-For is believed.", standard: "")
    package static let allowedOrigins = Setting(
        "ROOKERY_ALLOWED_ORIGINS",
        "Origins of browser pages that may open the live socket, separated by commas; the public URL always may.",
        standard: "")
    package static let accessTokenSeconds = Setting(
        "ROOKERY_ACCESS_TOKEN_SECONDS", "How long an access token is good, in seconds.", standard: "900")
    package static let refreshTokenDays = Setting(
        "ROOKERY_REFRESH_TOKEN_DAYS", "How long a session lives without use, in days.", standard: "30")
    package static let lanes = Setting(
        "ROOKERY_LANES", "Ingest lanes; messages of one device stay in one lane.", standard: "2")
    package static let bodyLimit = Setting("ROOKERY_BODY_LIMIT", "Largest request body, in bytes.", standard: "4194304")
    package static let shutdownSeconds = Setting(
        "ROOKERY_SHUTDOWN_SECONDS", "How long requests in flight may go on after SIGTERM, in seconds.", standard: "30")
    package static let logLevel = Setting(
        "ROOKERY_LOG_LEVEL", "trace, debug, info, notice, warning, error or critical.", standard: "info")
    package static let logFormat = Setting("ROOKERY_LOG_FORMAT", "json or text.", standard: "json")
    package static let root = Setting(
        "ROOKERY_ROOT", "Directory with Migrations, policies and openapi.", standard: ".")
    package static let docsDirectory = Setting(
        "ROOKERY_DOCS_DIRECTORY", "Directory with swagger-ui's files; without it /docs says how to get them.")

    package static let all: [Setting] = [
        databaseURL, rolePassword, connections, ingestConnections, statementTimeout, masterKey, address, port,
        publicURL,
        tlsCertificate, tlsKey, trustedProxies, allowedOrigins, accessTokenSeconds, refreshTokenDays, lanes, bodyLimit,
        shutdownSeconds, logLevel, logFormat, root, docsDirectory,
    ]

    /// Names the configuration file itself; it can only come from the environment.
    package static let configurationFile = Setting(
        "ROOKERY_CONFIG", "File with further settings, one NAME=value a line, # for comments; the environment wins.")
}
