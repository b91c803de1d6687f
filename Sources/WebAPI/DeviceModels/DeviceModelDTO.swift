import Audit
import Devices
import JSON
import Kernel

extension DeviceModel: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in writeMembers(to: &json) }
    }

    fileprivate func writeMembers(to json: inout JSONWriter) {
        json.field("id", id)
        fields.writeMembers(to: &json)
        json.field("version", version)
        json.field("created_at", createdAt)
        json.field("updated_at", updatedAt)
    }
}

extension DeviceModelDescription: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            model.writeMembers(to: &json)
            json.field("datapoints", datapoints)
            json.field("commands", commands)
        }
    }
}

extension Datapoint: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("model_id", modelID)
            fields.writeMembers(to: &json)
            json.field("version", version)
            json.field("created_at", createdAt)
            json.field("updated_at", updatedAt)
        }
    }
}

extension ModelCommand: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("model_id", modelID)
            fields.writeMembers(to: &json)
            json.field("version", version)
            json.field("created_at", createdAt)
            json.field("updated_at", updatedAt)
        }
    }
}

extension DeviceType: JSONWritable {
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
