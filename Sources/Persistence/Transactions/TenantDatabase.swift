import Foundation
import JSON
import Kernel
import Logging
import PostgresClient
import Tenancy

/// Whether a transaction may change something.
package enum Access: Sendable { case readOnly, readWrite }

/// The tenants' rows, one organization at a time. There is no way to query but inside of a transaction that carries a scope.
package struct TenantDatabase: Sendable {
    private let runner: TransactionRunner

    /// - Parameters:
    ///   - client: Signed in as `rookery_api`.
    ///   - feed: is told what the transactions make stale.
    package init(client: PostgresClient, feed: InvalidationFeed, logger: Logger) {
        runner = TransactionRunner(client: client, feed: feed, logger: logger)
    }

    /// Runs `body` in a transaction of the scope's organization and commits when it returns.
    ///
    /// BEGIN, the organization and the first statement go out together; audit records and COMMIT as well. A reader needs
    /// neither BEGIN nor COMMIT: the organization goes out with each of its statements. A body that met a serialization
    /// failure or a deadlock runs again, so it must have no effects but through `tx`.
    /// - Throws: what `body` throws; ``ServiceError`` `unavailable`, `quota-exceeded` or `internal-error` for the database's
    ///   own failures.
    package func withTransaction<Result: Sendable>(
        _ scope: TenantScope, _ access: Access = .readWrite,
        _ body: (borrowing TenantTransaction) async throws -> Result
    ) async throws -> Result {
        try await runner.run(
            preamble: [Self.context(scope, access)], readOnly: access == .readOnly,
            closing: { Self.closing($0.all, scope) }
        ) { transaction in
            try await body(TenantTransaction(scope: scope, transaction: transaction))
        }
    }

    private static func context(_ scope: TenantScope, _ access: Access) -> SQL {
        let (organization, user) = (scope.organizationID.description, scope.actor.userID?.description ?? "")
        return switch access {
        case .readOnly:
            """
            select set_config('app.organization_id', \(organization), true), set_config('app.user_id', \(user), true),
                set_config('transaction_read_only', 'on', true) /* tenant.context.reading */
            """
        case .readWrite:
            """
            select set_config('app.organization_id', \(organization), true), set_config('app.user_id', \(user), true)
            /* tenant.context */
            """
        }
    }

    /// The audit comes last: it holds the lock on the organization's chain until COMMIT.
    private static func closing(_ effects: TransactionEffects.Collected, _ scope: TenantScope) -> [SQL] {
        var statements = effects.invalidations.map { invalidation -> SQL in
            "select app.invalidate(\(invalidation.kind.rawValue), \(invalidation.subjectID)) /* tenant.invalidate */"
        }
        if !effects.audit.isEmpty {
            let entries = JSONValue.array(effects.audit.map(\.record.json))
            statements.append("select app.audit_append(\(scope.actor.json), \(entries)) /* tenant.audit */")
        }
        return statements
    }
}

/// A transaction in one organization: the second wall is set before its first statement. It cannot be kept: it is only lent.
package struct TenantTransaction: ~Copyable, Sendable {
    package let scope: TenantScope
    private let transaction: OpenTransaction

    init(scope: TenantScope, transaction: OpenTransaction) {
        self.scope = scope
        self.transaction = transaction
    }

    package var organizationID: OrganizationID { scope.organizationID }

    /// Several statements in one round trip; the rows of each.
    package func run(_ statements: [SQL]) async throws(PostgresError) -> [PostgresRows] {
        try await transaction.run(statements)
    }

    package func all<Row>(_ sql: SQL, _ decode: (inout RowReader) throws -> Row) async throws -> [Row] {
        try await transaction.rows(sql).map(decode)
    }

    package func all<Row: RowDecodable>(_ sql: SQL, as: Row.Type = Row.self) async throws -> [Row] {
        try await transaction.rows(sql).decode()
    }

    package func first<Row>(_ sql: SQL, _ decode: (inout RowReader) throws -> Row) async throws -> Row? {
        try await transaction.rows(sql).first(decode)
    }

    package func first<Row: RowDecodable>(_ sql: SQL, as: Row.Type = Row.self) async throws -> Row? {
        try await transaction.rows(sql).first { (row: inout RowReader) throws -> Row in try Row(from: &row) }
    }

    /// Answers how many rows were touched.
    @discardableResult
    package func execute(_ sql: SQL) async throws -> Int { try await transaction.rows(sql).affected }

    /// Writes a line of the audit trail with COMMIT.
    package func record(_ record: AuditRecord) { transaction.effects.add { $0.audit.append((nil, record)) } }

    /// Tells every node, with COMMIT, that what it remembers of this subject (or of all of this kind) is no longer true. This
    /// node has forgotten it before the transaction returns, the others within milliseconds.
    package func invalidate(_ kind: CacheKind, _ subjectID: UUID? = nil) {
        let stale = TransactionEffects.Invalidation(organizationID: organizationID, kind: kind, subjectID: subjectID)
        transaction.effects.add { $0.invalidations.insert(stale) }
    }

    /// Runs `effect` once the transaction is committed. It must be brief and cannot fail.
    package func afterCommit(_ effect: @escaping @Sendable () -> Void) {
        transaction.effects.add { $0.afterCommit.append(effect) }
    }
}
