import Identity
import Logging
import Persistence
import Pipeline
import PostgresClient
import ServiceLifecycle
import WebAPI

/// Closes the pools when everybody who uses them has ended.
struct DatabaseService: Service {
    let databases: Databases

    func run() async throws {
        try? await gracefulShutdown()
        await databases.shutdown()
    }
}

/// Lets the pipeline commit what it took before it ends.
struct PipelineService: Service {
    let pipeline: TelemetryPipeline

    func run() async throws {
        await withGracefulShutdownHandler {
            await pipeline.run()
        } onGracefulShutdown: {
            pipeline.shutDown()
        }
    }
}

/// Work that may stop at any moment.
struct BackgroundService: Service {
    let work: @Sendable () async -> Void

    init(_ work: @escaping @Sendable () async -> Void) { self.work = work }

    func run() async throws {
        await cancelWhenGracefulShutdown { await work() }
    }
}

extension SigningKeyRing {
    /// Makes the next key in time, and takes over what other nodes made, until the task is cancelled.
    func keepFresh(logger: Logger) async {
        while (try? await Task.sleep(for: .seconds(300))) != nil {
            do { try await refresh() } catch {
                logger.error("signing keys cannot be refreshed", metadata: ["error": "\(error)"])
            }
        }
    }
}
