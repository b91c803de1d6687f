import Foundation
import JSON
import Kernel
import Persistence
import PostgresClient
import Tenancy

/// One entry of the audit trail (AUD-1): a link of the organization's chain.
package struct AuditEntry: Sendable {
    package let id: AuditEntryID
    /// Dense, from 1, in the order of the commits.
    package let sequence: Int64
    package let actorKind: String
    package let actorID: UUID?
    package let actorLabel: String
    package let action: String
    package let resourceKind: String
    package let resourceID: UUID?
    /// By field, `old` and `new`; secrets are masked.
    package let changes: JSONValue
    package let address: String?
    package let sessionID: SessionID?
    package let requestID: String
    package let createdAt: Timestamp
}

package struct AuditFilter: Sendable {
    package static let parameters = [
        "actor_id", "actor_kind", "action", "resource_kind", "resource_id", "session_id", "request_id", "from", "to",
    ]

    package var actorID: UUID?
    package var actorKind: Actor.Kind?
    package var action: String?
    package var resourceKind: String?
    package var resourceID: UUID?
    package var sessionID: SessionID?
    package var requestID: String?
    /// Inclusive.
    package var from: Timestamp?
    /// Exclusive.
    package var to: Timestamp?

    package init(reading query: InputReader) {
        actorID = query.optional("actor_id", .id(UserID.self))?.uuid
        actorKind = query.optional("actor_kind", .oneOf(Actor.Kind.self))
        action = query.optional("action", .text(1...100))
        resourceKind = query.optional("resource_kind", .text(1...100))
        resourceID = query.optional("resource_id", .id(AuditEntryID.self))?.uuid
        sessionID = query.optional("session_id", .id(SessionID.self))
        requestID = query.optional("request_id", .text(1...200))
        from = query.optional("from", .time)
        to = query.optional("to", .time)
        if let from, let to, from >= to { query.fault("from", "must lie before to") }
    }
}

/// The order of the trail: by time.
package enum AuditSort: String, RowSort {
    case createdAt = "created_at"
    package static var standard: AuditSort { .createdAt }
    package static var isDescendingByDefault: Bool { true }
    package static var unique: SortColumn<AuditEntry> { .id { $0.id } }
    package var column: SortColumn<AuditEntry> { Self.unique }
}

/// What happened how often.
package struct AuditStatistics: Sendable {
    package typealias Count = (name: String, count: Int)

    package let from: Timestamp
    package let to: Timestamp
    package let total: Int
    package let byAction: [Count]
    package let byResourceKind: [Count]
    /// The most active first, at most 100.
    package let byActor: [(id: UUID?, kind: String, label: String, count: Int)]
    /// By day in UTC, `2026-11-21`.
    package let byDay: [Count]
}

/// Whether the chain holds (AUD-2).
package struct AuditVerification: Sendable {
    package let entries: Int64
    package let lastSequence: Int64
    /// The first link that does not hold, and why.
    package let broken: (sequence: Int64, reason: String)?
}

extension AuditEntry: RowDecodable {
    package init(from row: inout RowReader) throws {
        id = try row.next()
        sequence = try row.next()
        actorKind = try row.next()
        actorID = try row.next()
        actorLabel = try row.next()
        action = try row.next()
        resourceKind = try row.next()
        resourceID = try row.next()
        changes = try row.next()
        address = try row.next()
        sessionID = try row.next()
        requestID = try row.next()
        createdAt = try row.next()
    }
}
