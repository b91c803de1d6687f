import HTTPTypes
import JSON
import Kernel
import NIOCore

/// An error as the client sees it (RFC 9457). What caused it stays in the log.
struct Problem: JSONWritable {
    let error: ServiceError
    let requestID: String

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("type", "urn:rookery:problem:\(error.code.rawValue)")
            json.field("title", error.code.title)
            json.field("status", error.code.status)
            json.field("detail", error.detail)
            json.field("instance", "urn:rookery:request:\(requestID)")
            json.field("code", error.code.rawValue)
            if !error.fields.isEmpty { json.field("errors", error.fields.map(Fault.init)) }
            for (name, value) in error.members.members { json.field(named: name, value) }
        }
    }

    private struct Fault: JSONWritable {
        let fault: FieldFault

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("pointer", fault.pointer)
                json.field("detail", fault.detail)
            }
        }
    }

    var answer: Answer {
        var answer = Answer(status: HTTPResponse.Status(code: error.code.status))
        answer.body = .bytes(ByteBuffer(bytes: jsonBytes), type: "application/problem+json")
        if let seconds = error.retryAfter { answer.headers[.retryAfter] = String(seconds) }
        switch error.code {
        case .unauthenticated: answer.headers[.wwwAuthenticate] = #"Bearer realm="rookery""#
        case .invalidCredentials: answer.headers[.wwwAuthenticate] = #"Bearer realm="rookery", error="invalid_token""#
        case .upgradeRequired:
            answer.headers[.upgrade] = "websocket"
            answer.headers[.connection] = "close"
        default: break
        }
        return answer
    }
}

extension HTTPField.Name {
    static let requestID = HTTPField.Name(staticName: "x-request-id")
    static let traceParent = HTTPField.Name(staticName: "traceparent")
    static let apiKey = HTTPField.Name(staticName: "x-api-key")
    static let organizationID = HTTPField.Name(staticName: "x-organization-id")
    static let forwardedFor = HTTPField.Name(staticName: "x-forwarded-for")
    static let rateLimit = HTTPField.Name(staticName: "ratelimit")
    static let rateLimitPolicy = HTTPField.Name(staticName: "ratelimit-policy")
    static let referrerPolicy = HTTPField.Name(staticName: "referrer-policy")
    static let frameOptions = HTTPField.Name(staticName: "x-frame-options")
}
