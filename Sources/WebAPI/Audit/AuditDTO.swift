import Audit
import FoundationEssentials
import JSON
import Kernel

extension AuditEntry: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("sequence", sequence)
            json.field("actor") { json in
                json.object { json in
                    json.field("kind", actorKind)
                    json.field("id", actorID.map { $0.uuidString.lowercased() })
                    json.field("label", actorLabel)
                }
            }
            json.field("action", action)
            json.field("resource_kind", resourceKind)
            json.field("resource_id", resourceID.map { $0.uuidString.lowercased() })
            json.field("changes", changes)
            json.field("ip", address)
            json.field("session_id", sessionID)
            json.field("request_id", requestID)
            json.field("created_at", createdAt)
        }
    }

    static let csvHeader = [
        "sequence", "created_at", "actor_kind", "actor_id", "actor", "action", "resource_kind", "resource_id",
        "changes", "ip",
        "session_id", "request_id",
    ]

    func write(to row: inout CSVRow) {
        row.number(sequence)
        row.text(createdAt.rfc3339)
        row.text(actorKind)
        row.text(actorID?.uuidString.lowercased() ?? "")
        row.text(actorLabel)
        row.text(action)
        row.text(resourceKind)
        row.text(resourceID?.uuidString.lowercased() ?? "")
        row.text(changes.text)
        row.text(address ?? "")
        row.text(sessionID?.description ?? "")
        row.text(requestID)
        row.end()
    }
}

extension AuditVerification: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("is_intact", broken == nil)
            json.field("entries", entries)
            json.field("last_sequence", lastSequence)
            json.field("broken") { json in
                guard let broken else { return json.null() }
                json.object { json in
                    json.field("sequence", broken.sequence)
                    json.field("reason", broken.reason)
                }
            }
        }
    }
}

extension AuditStatistics: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("from", from)
            json.field("to", to)
            json.field("total", total)
            json.field("by_action", Counts(name: "action", counts: byAction))
            json.field("by_resource_kind", Counts(name: "resource_kind", counts: byResourceKind))
            json.field("by_day", Counts(name: "day", counts: byDay))
            json.field("by_actor") { json in
                json.array { json in
                    for actor in byActor {
                        json.object { json in
                            json.field("kind", actor.kind)
                            json.field("id", actor.id.map { $0.uuidString.lowercased() })
                            json.field("label", actor.label)
                            json.field("count", actor.count)
                        }
                    }
                }
            }
        }
    }

    private struct Counts: JSONWritable {
        let name: String
        let counts: [Count]

        func write(to json: inout JSONWriter) {
            json.array { json in
                for count in counts {
                    json.object { json in
                        json.field(named: name, count.name)
                        json.field("count", count.count)
                    }
                }
            }
        }
    }
}
