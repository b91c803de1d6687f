import AsyncHTTPClient
import JSON
import NIOCore
import NIOHTTP1
import Testing

/// What the server answered.
package struct TestAnswer: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    package let bytes: [UInt8]

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The body as JSON; null when it is none.
    package var json: JSONValue { (try? JSONValue(parsing: bytes)) ?? .null }

    /// A problem's stable code.
    package var code: String? { json["code"]?.string }

    /// Where the faults of the input are.
    package var faults: [String] { (json["errors"]?.array ?? []).compactMap { $0["pointer"]?.string } }

    package func header(_ name: String) -> String? { headers.first(name: name) }

    package var items: [JSONValue] { json["items"]?.array ?? [] }

    /// Fails the test, with the body, when the status is another.
    @discardableResult
    package func expect(_ status: Int, _ location: SourceLocation = #_sourceLocation) -> TestAnswer {
        #expect(self.status == status, "\(text.prefix(2000))", sourceLocation: location)
        return self
    }
}

/// Somebody who uses the API over HTTP, with or without credentials.
package struct TestClient: Sendable {
    package let url: String
    /// Sent with every request.
    package var headers: [(String, String)]

    package init(url: String, headers: [(String, String)] = []) {
        self.url = url
        self.headers = headers
    }

    package func with(_ name: String, _ value: String) -> TestClient {
        TestClient(url: url, headers: headers.filter { $0.0 != name } + [(name, value)])
    }

    package func bearer(_ token: String) -> TestClient { with("Authorization", "Bearer \(token)") }

    package func get(_ path: String) async throws -> TestAnswer { try await send("GET", path) }

    package func post(_ path: String, _ body: JSONValue? = nil) async throws -> TestAnswer {
        try await send("POST", path, body)
    }

    package func put(_ path: String, _ body: JSONValue) async throws -> TestAnswer { try await send("PUT", path, body) }

    package func patch(_ path: String, _ body: JSONValue) async throws -> TestAnswer {
        try await send("PATCH", path, body)
    }

    package func delete(_ path: String) async throws -> TestAnswer { try await send("DELETE", path) }

    /// Sends a request; paths without `/api/` in front mean `/api/v1`.
    package func send(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws -> TestAnswer {
        try await send(
            method, path, bytes: body?.bytes,
            type: method == "PATCH" ? "application/merge-patch+json" : "application/json")
    }

    package func send(_ method: String, _ path: String, bytes: [UInt8]?, type: String) async throws -> TestAnswer {
        let isAbsolute = ["/api/", "/health", "/metrics", "/openapi", "/docs", "/.well-known"].contains {
            path.hasPrefix($0)
        }
        var request = HTTPClientRequest(url: url + (isAbsolute ? path : "/api/v1" + path))
        request.method = HTTPMethod(rawValue: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let bytes {
            if request.headers.first(name: "Content-Type") == nil {
                request.headers.add(name: "Content-Type", value: type)
            }
            request.body = .bytes(ByteBuffer(bytes: bytes))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let buffer = try await response.body.collect(upTo: 64 << 20)
        let answer = TestAnswer(
            status: Int(response.status.code), headers: response.headers, bytes: Array(buffer.readableBytesView))
        if answer.status >= 400, method != "HEAD", !path.hasPrefix("/health") { answer.expectProblem(method, path) }
        return answer
    }
}

extension TestAnswer {
    /// What no refusal may show: SQL, the names of what lies in the database, Swift's own texts, places in the source.
    private static let inner = [
        "SQLSTATE", "violates", "relation \"", " from app.", "insert into", "rookery_", "PostgresError", "ServiceError",
        "Optional(", "Fatal error", ".swift", "libpq",
    ]

    /// S29, of every refusal that any test meets: a problem (RFC 9457) without SQL and without anything of the program.
    fileprivate func expectProblem(_ method: String, _ path: String) {
        #expect(
            header("content-type") == "application/problem+json", "\(method) \(path): \(status) \(text.prefix(500))")
        #expect(json["status"]?.integer == Int64(status), "\(method) \(path): \(text.prefix(500))")
        for member in ["type", "title", "detail", "instance", "code"] {
            #expect(json[member]?.string?.isEmpty == false, "\(method) \(path): no \(member) in \(text.prefix(500))")
        }
        for word in Self.inner { #expect(!text.contains(word), "\(method) \(path): \(text.prefix(500))") }
    }
}
