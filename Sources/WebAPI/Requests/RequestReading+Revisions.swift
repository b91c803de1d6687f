import JSON
import Kernel
import Resources

extension RequestReading {
    /// The body; an empty one reads as `{}`.
    package var document: JSONValue { request.json ?? .object([:]) }

    /// What `If-Match` expects; without it any version will do.
    package func expected() throws(ServiceError) -> ExpectedVersion { try expectedVersion() ?? .any }

    /// What a PUT makes of the present fields: what its body says.
    package func replacement<Fields: EditableFields>(of: Fields.Type) throws -> (Fields) throws -> Fields {
        let fields = try Fields(body: document)
        return { _ in fields }
    }

    /// What a PATCH makes of the present fields: its body is a merge patch (RFC 7396).
    package func mergePatch<Fields: EditableFields>(of: Fields.Type) -> (Fields) throws -> Fields {
        let patch = document
        return { try $0.applying(mergePatch: patch) }
    }
}
