import Kernel
import Realtime
import Synchronization
import Tenancy

/// Looks at the credentials of live connections again and again, so that whoever is signed out, expired or has lost a
/// permission is no longer told anything (S20, S22).
///
/// One round looks at all connections: a timer for each would cost more than what is sent to them.
package final class CredentialReview: Sendable {
    private struct Watched: Sendable {
        let connection: RealtimeConnection
        let request: TenantRequest
    }

    private struct State {
        var watched: [ObjectIdentifier: Watched] = [:]
        var isRunning = false
    }

    private let authenticator: any Authenticator
    private let interval: Duration
    private let state = Mutex(State())
    /// How many connections are looked at side by side, should the database have to be asked.
    private static let width = 16

    package init(authenticator: any Authenticator, interval: Duration = .seconds(1)) {
        self.authenticator = authenticator
        self.interval = interval
    }

    /// Ends the connection as soon as its credentials no longer give what they gave, until it is forgotten.
    func watch(_ connection: RealtimeConnection, opened request: TenantRequest) {
        let starts = state.withLock { state in
            state.watched[ObjectIdentifier(connection)] = Watched(connection: connection, request: request)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        // It belongs to no one connection, and ends with the last of them.
        if starts { Task { await run() } }
    }

    func forget(_ connection: RealtimeConnection) {
        state.withLock { _ = $0.watched.removeValue(forKey: ObjectIdentifier(connection)) }
    }

    private func run() async {
        while true {
            try? await Task.sleep(for: interval)
            let round: [Watched] = state.withLock { state in
                state.isRunning = !state.watched.isEmpty
                return Array(state.watched.values)
            }
            if round.isEmpty { return }
            await withDiscardingTaskGroup { group in
                for start in 0..<min(Self.width, round.count) {
                    group.addTask {
                        for index in stride(from: start, to: round.count, by: Self.width) {
                            await self.look(at: round[index])
                        }
                    }
                }
            }
        }
    }

    private func look(at watched: Watched) async {
        let connection = watched.connection
        do {
            let principal = try await principal(of: watched.request)
            let isSame =
                principal.kind == connection.principal.kind && principal.permissions == connection.principal.permissions
                && principal.scope?.organizationID == connection.organizationID
            if !isSame { connection.end(.revoked) }
        } catch let error as ServiceError where error.code == .unavailable || error.code == .internalError {
            // Nothing is known: the next look decides.
            return
        } catch is CancellationError {
            return
        } catch {
            connection.end(.revoked)
        }
    }

    /// Authenticates the request that opened the connection as if it came now.
    private func principal(of request: TenantRequest) async throws -> Principal {
        let headers = request.request.headers
        guard let credentials = try Credentials(headers, isHandshake: true) else {
            throw ServiceError(.unauthenticated, "The request carries no credentials.")
        }
        return try await authenticator.authenticate(
            credentials, selecting: try selectedOrganization(headers), from: request.request.clientAddress,
            requestID: request.id)
    }
}
