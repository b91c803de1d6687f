import HTTPTypes
import JSON
import Kernel
import Logging
import NIOCore

/// A request as every handler sees it, whoever sent it: parsed, within its limits, with only parameters the route takes.
package struct APIRequest: Sendable {
    /// `X-Request-Id`: in the answer and in every log line.
    package let id: String
    package let trace: TraceContext
    package let method: HTTPRequest.Method
    /// Path and query as they were sent.
    package let target: String
    /// The path's parameters by name, percent-decoded.
    package let pathParameters: [String: String]
    /// The query's parameters; every value is a string.
    package let parameters: JSONObject
    package let headers: HTTPFields
    /// As sent, decompressed.
    package let bytes: ByteBuffer
    /// `bytes` as JSON; nil for an empty body and on routes that read bytes.
    package let json: JSONValue?
    /// The address of the client, behind a trusted proxy the one that it reports.
    package let clientAddress: String
    package let isSecure: Bool
    let log: RequestLog
    /// The limits that this request falls under; its own token has been taken.
    package let account: RateAccount
}

/// What can be asked of every kind of request.
package protocol RequestReading: Sendable {
    var request: APIRequest { get }
}

extension RequestReading {
    package var id: String { request.id }
    /// Carries the request id, and the organization when there is one.
    package var logger: Logger { request.log.logger }

    /// Counts the messages of a batch against the limits of telemetry. Called once, before anything is done with them.
    /// - Throws: `too-many-requests`.
    package func charge(messages: Int) throws(ServiceError) { try request.account.charge(messages) }

    /// A parameter of the path, such as `{key}`.
    package func path(_ name: String) -> String { request.pathParameters[name] ?? "" }

    /// An id in the path. Text that is no id identifies nothing: 404, as for an id that does not exist.
    package func id<Subject>(_ name: String = "id", of what: String) throws(ServiceError) -> TypedID<Subject> {
        guard let id = TypedID<Subject>(path(name)) else { throw .notFound(what) }
        return id
    }

    /// A reader for the query; what the list convention reads itself (`limit`, `cursor`, `sort`, `count`) is not in it.
    package func query() -> InputReader {
        let own = request.parameters.members.filter { !ListParameters.names.contains($0.name) }
        return InputReader(query: JSONObject(uniqueMembers: own.map { ($0.name, $0.value) }))
    }

    /// A reader for the body; an empty one reads as `{}`.
    package func input() -> InputReader { InputReader(request.json ?? .object([:])) }

    /// For PATCH: the body as a JSON merge patch (RFC 7396) on what can be changed of the present state. The result is read
    /// like the body of a PUT, so that both obey one set of rules.
    package func input(mergedInto present: JSONValue) throws(ServiceError) -> InputReader {
        guard let patch = request.json, patch.object != nil else {
            throw .invalidInput("", "must be an object")
        }
        return InputReader(present.merging(patch))
    }

    /// The version that a change is meant for; nil when the request does not say.
    /// - Throws: `malformed-request` when `If-Match` holds no entity tag.
    package func expectedVersion() throws(ServiceError) -> ExpectedVersion? {
        guard let text = request.headers[.ifMatch] else { return nil }
        guard let version = EntityTag.expectedVersion(ifMatch: text) else {
            throw ServiceError(
                .malformedRequest, "If-Match must be * or a list of entity tags as this API answers them.")
        }
        return version
    }

    /// Refuses a change that was meant for another version than the present one.
    /// - Throws: `precondition-failed`.
    package func requireVersion(_ present: Int) throws(ServiceError) {
        guard let expected = try expectedVersion(), !expected.admits(present) else { return }
        throw ServiceError(
            .preconditionFailed,
            "It is now at version \(present). Read it again and decide whether your change still holds.")
    }
}
