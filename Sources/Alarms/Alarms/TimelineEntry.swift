import Foundation
import JSON
import Kernel
import Persistence
import PostgresClient

/// A remark or a step in an alarm's history.
package struct TimelineEntry: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case comment, state, note
        /// Later kinds, of other subjects.
        case assign, merge
    }

    package let id: TimelineEntryID
    package let kind: Kind
    package let actorID: UUID
    package let body: String
    /// For `state`: `{"to": "acknowledged"}`.
    package let data: JSONValue
    package let createdAt: Timestamp
}

extension TimelineEntry: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("kind", kind.rawValue)
            json.field("actor_id", actorID.uuidString.lowercased())
            json.field("body", body)
            json.field("data", data)
            json.field("created_at", createdAt)
        }
    }
}

/// The order of a timeline.
package enum TimelineSort: String, RowSort {
    case createdAt = "created_at"
    package static var standard: TimelineSort { .createdAt }
    package static var unique: SortColumn<TimelineEntry> { .id { $0.id } }
    package var column: SortColumn<TimelineEntry> { Self.unique }
}
