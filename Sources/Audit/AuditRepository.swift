import Foundation
import JSON
import Kernel
import Persistence
import PostgresClient
import Tenancy

struct AuditRepository: Sendable {
    private static let columns: SQL = """
        id, audit_seq, actor_kind, actor_id, actor_label, action_key, resource_kind, resource_id, changes, host(ip),
        session_id, request_id, created_at
        """

    func list(
        _ tx: borrowing TenantTransaction, _ filter: AuditFilter, _ page: PageRequest<AuditSort>
    ) async throws -> Page<AuditEntry> {
        try await tx.page(
            "audit", select: Self.columns, from: "app.audit_entries", where: "true\(Self.conditions(filter))", page)
    }

    private func count(_ tx: borrowing TenantTransaction, _ conditions: SQL) async throws -> Int {
        try await tx.first("select count(*) from app.audit_entries where true\(conditions) /* audit.count */") { row in
            try row.next(Int.self)
        } ?? 0
    }

    func statistics(
        _ tx: borrowing TenantTransaction, _ filter: AuditFilter, from: Timestamp, to: Timestamp
    ) async throws -> AuditStatistics {
        var filter = filter
        (filter.from, filter.to) = (from, to)
        let conditions = Self.conditions(filter)
        func counts(_ key: SQL, _ order: SQL) async throws -> [AuditStatistics.Count] {
            let sql: SQL = """
                select \(key) as name, count(*) as n from app.audit_entries where true\(conditions)
                group by 1 order by \(order) limit 1000 /* audit.statistics */
                """
            return try await tx.all(sql) { row in (name: try row.next(String.self), count: try row.next(Int.self)) }
        }
        let actors: SQL = """
            select actor_id, actor_kind, max(actor_label), count(*) as n from app.audit_entries where true\(conditions)
            group by actor_id, actor_kind order by n desc, actor_id limit 100 /* audit.actors */
            """
        return AuditStatistics(
            from: from, to: to, total: try await count(tx, conditions),
            byAction: try await counts("action_key", "n desc, name"),
            byResourceKind: try await counts("resource_kind", "n desc, name"),
            byActor: try await tx.all(actors) { row in
                (
                    id: try row.next(UUID?.self), kind: try row.next(String.self), label: try row.next(String.self),
                    count: try row.next(Int.self)
                )
            },
            byDay: try await counts("to_char(created_at at time zone 'UTC', 'YYYY-MM-DD')", "name"))
    }

    func verify(_ tx: borrowing TenantTransaction) async throws -> AuditVerification {
        let sql: SQL = "select entries, last_seq, broken_seq, reason from app.audit_verify() /* audit.verify */"
        let found = try await tx.first(sql) { row in
            let (entries, last) = (try row.next(Int64.self), try row.next(Int64.self))
            let (broken, reason) = (try row.next(Int64?.self), try row.next(String?.self))
            return AuditVerification(
                entries: entries, lastSequence: last, broken: broken.map { (sequence: $0, reason: reason ?? "") })
        }
        return found ?? AuditVerification(entries: 0, lastSequence: 0, broken: nil)
    }

    /// An entry's id carries the time of its making, so a range of time is a range of the key.
    private static func conditions(_ filter: AuditFilter) -> SQL {
        var sql = SQL.empty
        if let actor = filter.actorID { sql += " and actor_id = \(actor)" }
        if let kind = filter.actorKind { sql += " and actor_kind = \(kind.rawValue)" }
        if let action = filter.action { sql += " and action_key = \(action)" }
        if let kind = filter.resourceKind { sql += " and resource_kind = \(kind)" }
        if let id = filter.resourceID { sql += " and resource_id = \(id)" }
        if let session = filter.sessionID { sql += " and session_id = \(session)" }
        if let request = filter.requestID { sql += " and request_id = \(request)" }
        if let from = filter.from { sql += " and id >= app.uuid_floor(\(from)) and created_at >= \(from)" }
        if let to = filter.to { sql += " and id < app.uuid_floor(\(to) + interval '1 ms') and created_at < \(to)" }
        return sql
    }
}
