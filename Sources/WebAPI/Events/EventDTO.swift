import Events
import JSON
import Kernel

extension Event: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("at", at)
            json.field("origin", origin.rawValue)
            json.field("category", category)
            json.field("type", type)
            json.field("severity", severity.rawValue)
            json.field("device_id", deviceID)
            json.field("site_id", siteID)
            json.field("title", title)
            json.field("message", message)
            json.field("data", data)
            json.field("correlation_key", correlationKey)
            json.field("created_at", createdAt)
        }
    }
}

extension TimelineBucket: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("start", start)
            json.field("total", counts.reduce(0) { $0 + $1.count })
            for severity in Event.Severity.allCases {
                json.field(
                    named: severity.rawValue, counts.reduce(0) { $0 + ($1.severity == severity ? $1.count : 0) })
            }
        }
    }
}

extension EventGroup: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("correlation_key", correlationKey)
            json.field("device_id", deviceID)
            json.field("from", from)
            json.field("to", to)
            json.field("severity", severity.rawValue)
            json.field("count", events.count)
            json.field("events", events)
        }
    }
}
