import Kernel
import Logging
import Persistence
import PostgresClient
import ServiceLifecycle
import Tenancy

/// The platform's own upkeep: partitions made ahead, and rows removed whose time is over.
///
/// Every task may run on every node at once: each is idempotent, and a second run finds nothing to do.
struct Housekeeping: Service {
    struct Chore: Sendable {
        let name: String
        let interval: Duration
        let statement: SQL
    }

    let system: SystemDatabase
    let logger: Logger

    static let chores: [Chore] = [
        Chore(
            name: "ensure_partitions", interval: .seconds(3600),
            statement: "select app.ensure_partitions() /* housekeeping.partitions */"),
        Chore(
            name: "expire_idempotency_keys", interval: .seconds(600),
            statement: "delete from app.idempotency_keys where expires_at < now() /* housekeeping.idempotency_keys */"),
        Chore(
            name: "expire_invalidations", interval: .seconds(600),
            statement: """
                delete from app.cache_invalidations where created_at < now() - interval '1 hour'
                /* housekeeping.invalidations */
                """),
        Chore(
            name: "expire_refresh_tokens", interval: .seconds(3600),
            statement: """
                delete from app.refresh_tokens where expires_at < now() - interval '1 day' /* housekeeping.refresh_tokens */
                """),
        Chore(
            name: "expire_sessions", interval: .seconds(3600),
            statement:
                "delete from app.sessions where expires_at < now() - interval '7 days' /* housekeeping.sessions */"),
        Chore(
            name: "expire_login_throttle", interval: .seconds(3600),
            statement: """
                delete from app.login_throttle
                where window_at < now() - interval '1 day' and coalesce(locked_until_at, '-infinity') < now()
                /* housekeeping.login_throttle */
                """),
    ]

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for task in Self.chores { group.addTask { await repeatUntilCancelled(task) } }
            }
        }
    }

    private func repeatUntilCancelled(_ task: Chore) async {
        repeat {
            do { try await perform(task) } catch {
                if Task.isCancelled { return }
                logger.error("upkeep failed", metadata: ["task": "\(task.name)", "error": "\(error)"])
            }
        } while (try? await Task.sleep(for: task.interval * Double.random(in: 0.9...1.1))) != nil
    }

    func perform(_ task: Chore) async throws {
        try await system.withTransaction(.system(task.name)) { (tx: borrowing SystemTransaction) async throws in
            _ = try await tx.execute(task.statement)
        }
    }
}
