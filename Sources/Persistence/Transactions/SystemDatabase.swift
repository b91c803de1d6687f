import Foundation
import JSON
import Kernel
import Logging
import PostgresClient
import Tenancy

/// The platform's own work across organizations: making and suspending them, usage, upkeep. Another role, another pool and
/// another type than the tenants': the role sees no tenant's content.
package struct SystemDatabase: Sendable {
    private let runner: TransactionRunner

    /// - Parameters:
    ///   - client: Signed in as `rookery_system`.
    ///   - feed: is told what the transactions make stale.
    package init(client: PostgresClient, feed: InvalidationFeed, logger: Logger) {
        runner = TransactionRunner(client: client, feed: feed, logger: logger)
    }

    /// As ``TenantDatabase/withTransaction(_:_:_:)``, for the platform. `actor` is what the audit says.
    package func withTransaction<Result: Sendable>(
        _ actor: Actor, _ access: Access = .readWrite, _ body: (borrowing SystemTransaction) async throws -> Result
    ) async throws -> Result {
        try await runner.run(
            preamble: access == .readOnly ? [Self.reading] : [], readOnly: access == .readOnly,
            closing: { Self.closing($0.all, actor) }
        ) { transaction in
            try await body(SystemTransaction(actor: actor, transaction: transaction))
        }
    }

    private static let reading: SQL = "select set_config('transaction_read_only', 'on', true) /* system.reading */"

    private static func closing(_ effects: TransactionEffects.Collected, _ actor: Actor) -> [SQL] {
        var statements = effects.invalidations.map { invalidation -> SQL in
            """
            select app.invalidate_for(\(invalidation.organizationID), \(invalidation.kind.rawValue), \(invalidation.subjectID))
            /* system.invalidate */
            """
        }
        // Chains are locked in the order of their organizations, or two such transactions could wait for each other.
        let chains = Dictionary(grouping: effects.audit, by: \.organizationID)
        let order = chains.keys.sorted { ($0?.description ?? "") < ($1?.description ?? "") }
        for organizationID in order {
            let entries = JSONValue.array(chains[organizationID, default: []].map(\.record.json))
            statements.append(
                "select app.audit_append_to(\(organizationID), \(actor.json), \(entries)) /* system.audit */")
        }
        return statements
    }
}

/// A transaction of the platform. Lent, like a tenant's.
package struct SystemTransaction: ~Copyable, Sendable {
    package let actor: Actor
    private let transaction: OpenTransaction

    init(actor: Actor, transaction: OpenTransaction) {
        self.actor = actor
        self.transaction = transaction
    }

    /// Several statements in one round trip; the rows of each.
    package func run(_ statements: [SQL]) async throws(PostgresError) -> [PostgresRows] {
        try await transaction.run(statements)
    }

    package func all<Row>(_ sql: SQL, _ decode: (inout RowReader) throws -> Row) async throws -> [Row] {
        try await transaction.rows(sql).map(decode)
    }

    package func first<Row>(_ sql: SQL, _ decode: (inout RowReader) throws -> Row) async throws -> Row? {
        try await transaction.rows(sql).first(decode)
    }

    @discardableResult
    package func execute(_ sql: SQL) async throws -> Int { try await transaction.rows(sql).affected }

    /// Writes a line into an organization's audit trail with COMMIT; nil is the platform's own trail.
    package func record(_ record: AuditRecord, in organizationID: OrganizationID?) {
        transaction.effects.add { $0.audit.append((organizationID, record)) }
    }

    /// Tells every node, with COMMIT, that what it remembers is no longer true; without `organizationID`, everywhere.
    package func invalidate(_ kind: CacheKind, _ subjectID: UUID? = nil, in organizationID: OrganizationID?) {
        let stale = TransactionEffects.Invalidation(organizationID: organizationID, kind: kind, subjectID: subjectID)
        transaction.effects.add { $0.invalidations.insert(stale) }
    }

    package func afterCommit(_ effect: @escaping @Sendable () -> Void) {
        transaction.effects.add { $0.afterCommit.append(effect) }
    }
}
