import HTTPTypes
import HummingbirdCore
import JSON
import Kernel
import NIOCore

/// What a handler answers. JSON is written at once, while the transaction still lends its rows.
///
/// ```swift
/// return .ok(device, version: device.version)
/// return .created(device, at: "/devices/\(device.id)", version: device.version)
/// return .noContent
/// ```
package struct Answer: Sendable {
    package enum Body: Sendable {
        case none
        case bytes(ByteBuffer, type: String)
        /// Written after the transaction has ended: `write` must not touch it.
        case stream(type: String, write: @Sendable (inout any ResponseBodyWriter) async throws -> Void)
    }

    package var status: HTTPResponse.Status
    package var headers: HTTPFields = [:]
    package var body: Body = .none

    package init(status: HTTPResponse.Status, headers: HTTPFields = [:], body: Body = .none) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    private init(_ status: HTTPResponse.Status, json: some JSONWritable, version: Int?) {
        self.init(status: status, body: .json(json))
        if let version { headers[.eTag] = EntityTag.text(version) }
    }

    /// 200 with a body. `version` becomes the `ETag`.
    package static func ok(_ value: some JSONWritable, version: Int? = nil) -> Answer {
        Answer(.ok, json: value, version: version)
    }

    /// 201 with a body.
    /// - Parameter location: where the new resource is, below `/api/v1`.
    package static func created(_ value: some JSONWritable, at location: String, version: Int? = nil) -> Answer {
        var answer = Answer(.created, json: value, version: version)
        answer.headers[.location] = "\(APIRoutes.prefix)\(location)"
        return answer
    }

    /// 202 with a body: the work has been accepted and goes on.
    package static func accepted(_ value: some JSONWritable, at location: String? = nil) -> Answer {
        var answer = Answer(.accepted, json: value, version: nil)
        if let location { answer.headers[.location] = "\(APIRoutes.prefix)\(location)" }
        return answer
    }

    /// 204.
    package static let noContent = Answer(status: .noContent)

    /// 200 with a list that has no pages.
    package static func items(_ items: some Sequence<some JSONWritable>) -> Answer {
        Answer(status: .ok, body: .json(ItemList(items: Array(items), nextCursor: nil, total: nil)))
    }

    static func page(_ page: Page<some JSONWritable>, nextCursor: String?) -> Answer {
        Answer(status: .ok, body: .json(ItemList(items: page.items, nextCursor: nextCursor, total: page.total)))
    }

    /// A body that is produced bit by bit, such as NDJSON, CSV or server-sent events.
    package static func stream(
        type: String, _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Answer {
        Answer(status: .ok, body: .stream(type: type, write: write))
    }

    /// The same answer with the version as its `ETag`.
    package func version(_ version: Int) -> Answer {
        var answer = self
        answer.headers[.eTag] = EntityTag.text(version)
        return answer
    }
}

extension Answer.Body {
    package static func json(_ value: some JSONWritable) -> Answer.Body {
        .bytes(ByteBuffer(bytes: value.jsonBytes), type: "application/json")
    }
}

/// `{"items": […], "next_cursor": …}`, and `total` when it was asked for.
private struct ItemList<Item: JSONWritable>: JSONWritable {
    let items: [Item]
    let nextCursor: String?
    let total: Int?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("items", items)
            json.field("next_cursor", nextCursor)
            if let total { json.field("total", total) }
        }
    }
}
