import NIOCore
import NIOHTTP1

/// A request that the server itself turns down before anything else sees it, as a problem (RFC 9457).
///
/// The texts are plain ASCII without quotation marks, so that they need no escaping.
struct Refusal: Error, Equatable, Sendable {
    let status: HTTPResponseStatus
    let code: StaticString
    let title: StaticString
    let detail: StaticString
    var headers: HTTPHeaders = [:]

    static func == (left: Refusal, right: Refusal) -> Bool {
        left.status == right.status && left.detail.description == right.detail.description
    }

    static func malformed(_ detail: StaticString) -> Refusal {
        Refusal(status: .badRequest, code: "malformed-request", title: "The request cannot be read", detail: detail)
    }

    static let headersTooLarge = Refusal(
        status: .requestHeaderFieldsTooLarge, code: "headers-too-large", title: "The header fields are too large",
        detail: "The request line and the header fields are too large, or there are too many of them.")

    static let bodyTooLarge = Refusal(
        status: .payloadTooLarge, code: "payload-too-large", title: "The body is too large",
        detail: "The body is larger than this server takes.")

    static let inflatedTooLarge = Refusal(
        status: .payloadTooLarge, code: "payload-too-large", title: "The body is too large",
        detail: "The body is larger than this server takes when it is decompressed.")

    static let unknownContentCoding = Refusal(
        status: .unsupportedMediaType, code: "unsupported-media-type", title: "The media type is not supported",
        detail: "Content-Encoding may be gzip, deflate or identity.", headers: ["accept-encoding": "gzip, deflate"])

    static let methodNotAllowed = Refusal(
        status: .methodNotAllowed, code: "method-not-allowed", title: "The method is not supported here",
        detail: "This server knows GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS.",
        headers: ["allow": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"])

    static let tooSlow = Refusal(
        status: .requestTimeout, code: "request-timeout", title: "The request took too long to arrive",
        detail: "The request did not arrive in time.")

    static let tooManyConnections = Refusal(
        status: .serviceUnavailable, code: "unavailable", title: "Temporarily not available",
        detail: "There are too many connections.", headers: ["retry-after": "5"])

    static let foreignOrigin = Refusal(
        status: .forbidden, code: "forbidden", title: "Not allowed",
        detail: "Pages of this origin may not open a socket here.")

    /// The whole answer, which ends the connection.
    func response(requestID: String) -> (head: HTTPResponseHead, body: ByteBuffer) {
        var body = ByteBuffer()
        body.writeString("{\"type\":\"urn:rookery:problem:\(code)\",\"title\":\"\(title)\",\"status\":\(status.code),")
        body.writeString(
            "\"detail\":\"\(detail)\",\"instance\":\"urn:rookery:request:\(requestID)\",\"code\":\"\(code)\"}")
        var headers = self.headers
        headers.add(name: "content-type", value: "application/problem+json")
        headers.add(name: "content-length", value: String(body.readableBytes))
        headers.add(name: "x-request-id", value: requestID)
        headers.add(name: "connection", value: "close")
        return (HTTPResponseHead(version: .http1_1, status: status, headers: headers), body)
    }

    /// A name for a request that came without one that could be read.
    static func makeRequestID() -> String {
        String(UInt64.random(in: .min ... .max), radix: 16) + String(UInt64.random(in: .min ... .max), radix: 16)
    }
}
