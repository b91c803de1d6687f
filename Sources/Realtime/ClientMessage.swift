import JSON
import Kernel

/// What a client says on a live connection. `id` is the client's own and comes back in the answer.
///
/// ```json
/// {"type": "subscribe", "id": 1, "topics": ["device:01980c5e-…", "alarm:*"]}
/// {"type": "unsubscribe", "id": 2, "topics": ["alarm:*"]}
/// {"type": "resume", "id": 3, "epoch": "9f…", "since": 120, "topics": ["org"]}
/// {"type": "ping", "id": 4}
/// ```
package struct ClientMessage: Sendable {
    package enum Wish: Sendable {
        case subscribe([RealtimeTopic])
        case unsubscribe([RealtimeTopic])
        case resume([RealtimeTopic], epoch: String, since: Int64)
        case ping
    }

    private enum Kind: String, Sendable, CaseIterable { case subscribe, unsubscribe, resume, ping }

    package let id: JSONValue?
    package let wish: Wish
    private static let topicsPerMessage = 1...500

    /// A message that cannot be read, with the id to answer it by when at least that was readable.
    package struct Fault: Error, Sendable {
        package let id: JSONValue?
        package let error: ServiceError
    }

    package init(parsing bytes: [UInt8]) throws(Fault) {
        let body: JSONValue
        do {
            body = try JSONValue(parsing: bytes)
        } catch {
            throw Fault(id: nil, error: ServiceError(.malformedRequest, "The message is not JSON: \(error)."))
        }
        let input = InputReader(body)
        let id = input.optional("id", .messageID)
        let kind = input.required("type", .oneOf(Kind.self))
        func topics() -> [RealtimeTopic] { input.required("topics", .list(.topic, count: Self.topicsPerMessage)) }
        let wish: Wish =
            switch kind {
            case .subscribe: .subscribe(topics())
            case .unsubscribe: .unsubscribe(topics())
            case .resume:
                .resume(
                    topics(), epoch: input.required("epoch", .key(1...64)),
                    since: Int64(input.required("since", .integer(0...Int.max))))
            case .ping: .ping
            }
        do {
            try input.finish()
        } catch {
            throw Fault(id: id, error: error)
        }
        self.id = id
        self.wish = wish
    }
}

extension InputRule where Value == JSONValue {
    /// A whole number or text of at most 64 characters.
    fileprivate static var messageID: InputRule {
        InputRule(placeholder: .null) { value, _ in
            if value.integer != nil { return .success(value) }
            guard let text = value.string, text.unicodeScalars.count <= 64 else {
                return .failure(InputRefusal("must be a whole number or text of at most 64 characters"))
            }
            return .success(value)
        }
    }
}
