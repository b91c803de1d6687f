// swift-tools-version: 6.2
import PackageDescription

// Three kinds of target: a binding to a C library, a module, and a module that speaks Hummingbird.
// A module imports only what its list names; `deploy/check-modules` holds the sources against it.

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .unsafeFlags(["-Xfrontend", "-warn-long-expression-type-checking=200"]),
]
/// Async functions stay on their caller's executor. Hummingbird's middleware protocols are written for the other
/// default, so the modules that implement them leave this out.
let settings: [SwiftSetting] = strict + [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

/// Exclusive access is tried under debug builds and fuzzers; to check it at run time, too, costs the MQTT server a twentieth.
let tried: [SwiftSetting] =
    settings + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
    .product(name: "NIOFoundationCompat", package: "swift-nio"),
]
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let collections: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")

func module(_ name: String, _ dependencies: [Target.Dependency], settings: [SwiftSetting] = settings) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let package = Package(
    name: "rookery",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "rookery", targets: ["Rookery"]),
        .executable(name: "rookery-benchmarks", targets: ["Benchmarks"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C libraries, installed by apt (see deploy/packages).
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CSimdJSON", linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),

        // Ground: no I/O, no tenants.
        module("JSON", ["CSimdJSON"]),
        module("Kernel", ["JSON"]),
        module("Expressions", ["JSON", "CRE2"]),
        module("Secrets", ["Kernel", "CArgon2", "COpenSSL"]),
        module("RateLimits", ["Kernel", "JSON"]),
        module("Tenancy", ["Kernel"]),
        module("SeriesCodec", []),

        // The MQTT protocol: bytes, then sessions, both without I/O.
        module("MQTTCodec", [], settings: tried),
        module("MQTTSession", ["MQTTCodec"], settings: tried),

        // Storage.
        module("PostgresClient", ["CPostgres", logging, collections]),
        module("Persistence", ["PostgresClient", "Tenancy", "Secrets", logging]),

        // Domains: each owns its model, its rules and its SQL.
        module("Audit", ["Persistence"]),
        module("Resources", ["Audit"]),
        module("Events", ["Audit"]),
        module("Organizations", ["Resources", "Events"]),
        module("Identity", ["Organizations"]),
        module("Devices", ["Identity"]),
        module("Telemetry", ["Devices"]),
        module("Alarms", ["Telemetry"]),
        module("Realtime", ["Tenancy", collections]),
        module("Pipeline", ["Alarms", "Realtime", collections, logging]),

        // Doors.
        module(
            "HTTPServer",
            nio + [
                logging, lifecycle,
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOHTTPCompression", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
            ], settings: strict),
        module(
            "MQTTServer",
            nio + [
                "MQTTSession", lifecycle,
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        module(
            "WebAPI",
            [
                "HTTPServer", "Identity", "Devices", "Alarms", "Pipeline", "Realtime", "RateLimits", logging, lifecycle,
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "Yams", package: "Yams"),
            ], settings: strict),
        module(
            "Fleet",
            [
                "JSON", "Kernel", logging, .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ] + nio),
        module(
            "Platform",
            [
                "WebAPI", "Fleet", "PostgresClient", "Secrets", logging, lifecycle,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .executableTarget(
            name: "Rookery",
            dependencies: [
                "Platform", "Fleet", "Kernel", "MQTTServer", "Persistence", "PostgresClient", "Expressions", "JSON",
                logging,
                lifecycle,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ], swiftSettings: settings),

        // Measuring, by hand.
        .executableTarget(
            name: "Benchmarks",
            dependencies: ["Pipeline", "Expressions", "JSON", "MQTTSession", "SeriesCodec", logging],
            swiftSettings: settings),

        // Proof. What needs TestStorage alone is also tried under the thread sanitizer (deploy/check-threads).
        module("TestStorage", ["Persistence", "PostgresClient", logging]),
        module(
            "TestSupport",
            [
                "TestStorage", "Platform", "Fleet", "Kernel", "Persistence", "PostgresClient", "Tenancy", logging,
                lifecycle,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ]),
        tests("JSONTests", ["JSON"]),
        tests("ExpressionsTests", ["Expressions", "JSON"]),
        tests("KernelTests", ["Kernel", "JSON"]),
        tests("MQTTCodecTests", ["MQTTCodec"]),
        tests("MQTTSessionTests", ["MQTTSession"]),
        tests("MQTTServerTests", nio + ["MQTTServer", .product(name: "NIOSSL", package: "swift-nio-ssl")]),
        tests("SeriesCodecTests", ["SeriesCodec"]),
        tests("SecretsTests", ["Secrets", "COpenSSL"]),
        tests("IdentityTests", ["Identity", "TestStorage"]),
        tests("DevicesTests", ["Devices"]),
        tests("RateLimitsTests", ["RateLimits", "Kernel", "JSON"]),
        tests("FleetTests", ["Fleet"]),
        tests("PlatformTests", ["Platform"]),
        tests("PostgresClientTests", ["PostgresClient", "TestStorage", logging]),
        tests("PersistenceTests", ["Persistence", "TestStorage", logging]),
        tests("AlarmsTests", ["Alarms"], exclude: ["Fixtures"]),
        tests("RealtimeTests", ["Realtime"]),
        tests("PipelineTests", ["Pipeline", "TestStorage", logging]),
        tests(
            "HTTPServerTests",
            nio + [
                "HTTPServer", logging, lifecycle, .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ]),
        tests("PolicyTests", ["TestStorage", "Persistence", "PostgresClient", "JSON", logging], exclude: ["Seeds"]),
        tests(
            "ContractTests",
            [
                "TestSupport", "WebAPI", "Fleet", "JSON", "Kernel", logging, lifecycle,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
