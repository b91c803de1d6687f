import Foundation
import HTTPServer
import HTTPTypes
import HummingbirdCore
import Kernel
import Logging
import NIOCore
import Tenancy

/// What is known of a request and its answer from the first moment to the log line.
struct Exchange {
    let id: String
    let trace: TraceContext
    let head: HTTPRequest
    let clientAddress: String
    let isSecure: Bool
    let begun = ContinuousClock.now
    private(set) var log: RequestLog
    var route: Route?
    /// Where the request goes; nil until it has been read.
    var target: Target?
    var metrics: RouteMetrics
    var account: RateAccount?
    var principal: Principal? { didSet { log.principal = principal } }

    init(
        _ head: HTTPRequest, _ client: ClientConnection, proxies: TrustedProxies, logger: Logger, metrics: RouteMetrics
    ) {
        self.metrics = metrics
        self.head = head
        isSecure = client.isSecure
        clientAddress = proxies.clientAddress(client.address, head.headerFields)
        id = Self.acceptable(head.headerFields[.requestID]) ?? TypedID<Exchange>.make().description
        var generator = BufferedRandomNumberGenerator()
        trace = TraceContext(continuing: head.headerFields[.traceParent], using: &generator)
        log = RequestLog(platform: logger, requestID: id)
    }

    /// An id that can stand in a log line and a header field as it is.
    private static func acceptable(_ id: String?) -> String? {
        guard let id, (1...128).contains(id.utf8.count) else { return nil }
        let isPlain = id.utf8.allSatisfy { byte in
            (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A)
                || "-._:/+=".utf8.contains(byte)
        }
        return isPlain ? id : nil
    }

    /// The answer for an error, logged when it is our fault.
    func answer(for error: any Error) -> Answer {
        let known: ServiceError
        switch error {
        case let error as ServiceError: known = error
        case is CancellationError:
            known = ServiceError(.unavailable, "The server is shutting down. Try again shortly.", retryAfter: 2)
        default:
            known = ServiceError(.internalError, "The request failed through no fault of yours.", cause: error)
        }
        if known.code == .internalError || known.code == .unavailable {
            log.logger.error(
                "request failed",
                metadata: [
                    "code": "\(known.code.rawValue)",
                    "error": "\(known.cause.map { String(reflecting: $0) } ?? known.detail)",
                ])
        }
        return Problem(error: known, requestID: id).answer
    }

    /// Adds what every answer carries, and writes the log line and the metrics.
    func finish(_ answer: Answer, date: String) -> Response {
        var headers = answer.headers
        // Appended, not set: no handler writes these, and setting each would search all before it.
        headers.append(HTTPField(name: .requestID, value: id))
        headers.append(HTTPField(name: .traceParent, value: trace.header))
        headers.append(HTTPField(name: .date, value: date))
        headers.append(contentsOf: Self.fixedFields)
        if headers[.contentSecurityPolicy] == nil {
            headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
        }
        if headers[.cacheControl] == nil {
            headers[.cacheControl] = headers[.eTag] == nil ? "no-store" : "private, no-cache"
        }
        if isSecure { headers[.strictTransportSecurity] = "max-age=31536000" }
        account?.addFields(to: &headers)

        let isHead = head.method == .head
        let body: ResponseBody
        switch answer.body {
        case .none:
            body = ResponseBody()
            if ![204, 304].contains(answer.status.code), answer.status.code >= 200 { headers[.contentLength] = "0" }
        case .bytes(let bytes, let type):
            headers.append(HTTPField(name: .contentType, value: type))
            headers.append(HTTPField(name: .contentLength, value: String(bytes.readableBytes)))
            body = isHead ? ResponseBody() : ResponseBody(byteBuffer: bytes)
        case .stream(let type, let write):
            headers[.contentType] = type
            body =
                isHead
                ? ResponseBody()
                : ResponseBody { writer in
                    var erased: any ResponseBodyWriter = writer
                    try await write(&erased)
                    try await erased.finish(nil)
                }
        }
        record(status: answer.status.code)
        var response = Response(status: answer.status, headers: headers, body: body)
        if [204, 304].contains(answer.status.code) { response.headers[.contentLength] = nil }
        return response
    }

    private static let fixedFields: [HTTPField] = [
        HTTPField(name: .xContentTypeOptions, value: "nosniff"), HTTPField(name: .referrerPolicy, value: "no-referrer"),
        HTTPField(name: .frameOptions, value: "DENY"),
    ]

    func record(status: Int) {
        let elapsed = ContinuousClock.now - begun
        let seconds = Double(elapsed.wholeMicroseconds) / 1_000_000
        metrics.record(status: status, seconds: seconds)
        // Devices speak all the time: what went well is told by the metrics.
        let isRoutine = status < 400 && route.map { $0.endpoint.traffic != .api } == true
        let level: Logger.Level = isRoutine ? .debug : .info
        guard log.writes(level) else { return }
        log.logger.log(
            level: level, "request",
            metadata: [
                "method": "\(head.method)", "route": "\(route?.endpoint.description.path ?? "none")",
                "status": "\(status)", "milliseconds": "\(Double(elapsed.wholeMicroseconds) / 1000)",
                "client": "\(clientAddress)", "trace_id": "\(trace.traceID)",
            ])
    }
}

/// The proxies whose word on their clients' addresses counts.
package struct TrustedProxies: Sendable {
    private let addresses: Set<String>

    package init(_ addresses: some Sequence<String>) { self.addresses = Set(addresses) }

    /// The nearest address that no trusted proxy has.
    func clientAddress(_ peer: String, _ headers: HTTPFields) -> String {
        guard addresses.contains(peer) else { return peer }
        let hops = headers[values: .forwardedFor].flatMap { $0.split(separator: ",") }.map {
            String(String($0).trimmingSpaces)
        }
        return hops.last { !addresses.contains($0) } ?? peer
    }
}
