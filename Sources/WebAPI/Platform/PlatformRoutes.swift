import HTTPTypes
import JSON
import Kernel
import Logging
import NIOCore
import Synchronization

/// What must work so that the server can do its work.
package struct ReadinessCheck: Sendable {
    package let name: String
    /// Returns when it works; whatever it throws is logged, and the name is told.
    package let check: @Sendable () async throws -> Void

    package init(_ name: String, _ check: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.check = check
    }
}

/// Health, metrics and the description of the API: outside of ``APIRoutes/prefix``, without credentials.
struct PlatformRoutes: Sendable {
    let metrics: Metrics
    let readiness: [ReadinessCheck]
    /// Whether the server is on its way out.
    let isDraining: @Sendable () -> Bool
    let description: OpenAPIDescription?
    let viewer: DocumentationViewer

    func register(in api: APIRoutes) {
        api.platform("/health/live", live)
        api.platform("/health/ready", ready)
        api.platform("/health", ready)
        api.platform("/metrics", exposition)
        api.platform("/openapi.json", refuses: [.notFound], openAPI)
        api.platform("/docs", isDocumented: false, viewer.page)
        api.platform("/docs/{file}", refuses: [.notFound], isDocumented: false, viewer.file)
    }

    /// The process runs and answers.
    func live(_ request: OpenRequest) async throws -> Answer { .ok(JSONValue.object(["status": "live"])) }

    /// The server can do its work; 503 while it cannot, or while it is shutting down.
    func ready(_ request: OpenRequest) async throws -> Answer {
        if isDraining() { throw ServiceError(.unavailable, "The server is shutting down.", retryAfter: 2) }
        var checks: JSONObject = [:]
        var failed: [String] = []
        for check in readiness {
            do {
                try await check.check()
                checks[check.name] = "ready"
            } catch {
                request.logger.warning("not ready", metadata: ["check": "\(check.name)", "error": "\(error)"])
                checks[check.name] = "not ready"
                failed.append(check.name)
            }
        }
        guard failed.isEmpty else {
            throw ServiceError(
                .unavailable, "Not ready: \(failed.joined(separator: ", ")).", members: ["checks": .object(checks)],
                retryAfter: 2)
        }
        return .ok(JSONValue.object(["status": "ready", "checks": .object(checks)]))
    }

    func exposition(_ request: OpenRequest) async throws -> Answer {
        let text = ByteBuffer(string: metrics.exposition)
        return Answer(status: .ok, body: .bytes(text, type: "text/plain; version=0.0.4; charset=utf-8"))
    }

    func openAPI(_ request: OpenRequest) async throws -> Answer {
        guard let description else { throw ServiceError(.notFound, "This server was started without the description.") }
        var answer = Answer(status: .ok, body: .bytes(description.json, type: "application/json"))
        answer.headers[.eTag] = description.entityTag
        answer.headers[.cacheControl] = "public, no-cache"
        return answer
    }
}
