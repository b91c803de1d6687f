import JSON
import Kernel

/// What people edit of a resource: read from an input, written into answers, compared for the audit trail.
///
/// ``writeMembers(to:)`` and ``init(reading:)`` mirror each other, so that a merge patch is a PUT of the patched document.
package protocol EditableFields: Sendable, Equatable {
    /// Reads the members of a complete description; faults are collected by the reader.
    init(reading input: InputReader)
    /// Writes every member of an object that the caller has opened.
    func writeMembers(to json: inout JSONWriter)
}

extension EditableFields {
    /// Reads a request body.
    /// - Throws: `invalid-input` with every fault.
    package init(body: JSONValue) throws {
        let input = InputReader(body)
        self.init(reading: input)
        try input.finish()
    }

    /// The members as a document.
    package var document: JSONObject {
        var writer = JSONWriter()
        writer.object { writeMembers(to: &$0) }
        // The writer's own output parses.
        return (try? JSONValue(parsing: writer.bytes))?.object ?? [:]
    }

    /// These fields after a JSON merge patch (RFC 7396).
    /// - Throws: `invalid-input` when the result is not acceptable.
    package func applying(mergePatch patch: JSONValue) throws -> Self {
        guard patch.object != nil else { throw ServiceError.invalidInput("", "must be an object") }
        return try Self(body: JSONValue.object(document).merging(patch))
    }
}

extension ExpectedVersion {
    /// - Throws: `precondition-failed` when `version` is not one that the sender expected.
    package func require(_ version: Int) throws {
        guard admits(version) else {
            throw ServiceError(
                .preconditionFailed, "It was changed in the meantime; read it again and repeat the change.",
                members: ["version": .integer(Int64(version))])
        }
    }
}
