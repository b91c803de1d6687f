import ArgumentParser
import AsyncHTTPClient
import NIOCore

/// Where a running platform is.
struct ServerOptions: ParsableArguments {
    @Option(help: "Address of the platform.")
    var url = "http://127.0.0.1:8080"

    var base: String { url.hasSuffix("/") ? String(url.dropLast()) : url }

    /// Runs `body` with a client of its own and closes it whatever happens.
    func withClient<Result>(_ body: (HTTPClient) async throws -> Result) async throws -> Result {
        var settings = HTTPClient.Configuration()
        settings.timeout.connect = .seconds(5)
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        do {
            let result = try await body(client)
            try await client.shutdown()
            return result
        } catch {
            try? await client.shutdown()
            throw error
        }
    }
}
