import MQTTServer

/// Runs a server for as long as `body` takes.
func withRunningServer(
    _ configuration: MQTTServerConfiguration, _ delegate: any MQTTDelegate, _ body: (MQTTServer) async throws -> Void
) async throws {
    let server = try await MQTTServer.start(configuration, delegate: delegate)
    do {
        try await body(server)
    } catch {
        try await server.shutDown()
        throw error
    }
    try await server.shutDown()
}
