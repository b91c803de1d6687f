import Audit
import JSON
import Kernel
import Organizations

extension Site: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            fields.writeMembers(to: &json)
            json.field("version", version)
            json.field("created_at", createdAt)
            json.field("updated_at", updatedAt)
        }
    }
}

extension Zone: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("site_id", siteID)
            fields.writeMembers(to: &json)
            json.field("version", version)
            json.field("created_at", createdAt)
            json.field("updated_at", updatedAt)
        }
    }
}
