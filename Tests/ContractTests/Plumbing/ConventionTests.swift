import JSON
import Kernel
import RateLimits
import TestSupport
import Testing

@Suite("Conventions of every route")
struct ConventionTests {
    static let id = "01980c5e-7a4e-7c3b-9a1e-2f6d7c1b0a55"

    @Test("every refusal is a problem with a stable code and the request's id (S29)")
    func problems() async throws {
        try await SampleAPI.run { api in
            let writer = api.writer
            let refusals: [(String, TestAnswer, Int, String)] = [
                ("no route", try await writer.get("/nowhere"), 404, "not-found"),
                ("trailing slash", try await writer.get("/api/v1/samples/"), 404, "not-found"),
                ("no credentials", try await api.client.get("/api/v1/samples"), 401, "unauthenticated"),
                (
                    "bad credentials", try await api.client.bearer("x").get("/api/v1/samples"), 401,
                    "invalid-credentials"
                ),
                (
                    "two credentials", try await writer.with("X-API-Key", "k").get("/api/v1/samples"), 400,
                    "malformed-request"
                ),
                ("no permission", try await api.client.bearer("reader").post("/api/v1/samples", [:]), 403, "forbidden"),
                ("no organization", try await api.client.bearer("homeless").get("/api/v1/samples"), 403, "forbidden"),
                ("a device", try await api.client.bearer("device").get("/api/v1/self"), 403, "forbidden"),
                ("no superadmin", try await writer.get("/api/v1/tiers-of-samples"), 403, "forbidden"),
                ("no device", try await writer.post("/api/v1/messages", [:]), 403, "forbidden"),
                ("no id", try await writer.get("/api/v1/samples/7"), 404, "not-found"),
                ("unknown parameter", try await writer.get("/api/v1/samples?colour=red"), 400, "invalid-parameter"),
                ("bad limit", try await writer.get("/api/v1/samples?limit=501&count=maybe"), 400, "invalid-parameter"),
                ("bad sort", try await writer.get("/api/v1/samples?sort=colour"), 400, "invalid-parameter"),
                ("bad cursor", try await writer.get("/api/v1/samples?cursor=abc"), 400, "invalid-parameter"),
                (
                    "no JSON",
                    try await writer.send("POST", "/api/v1/samples", bytes: Array("{".utf8), type: "application/json"),
                    400, "malformed-request"
                ),
                ("empty body", try await writer.post("/api/v1/samples"), 400, "malformed-request"),
                (
                    "no JSON type",
                    try await writer.send("POST", "/api/v1/samples", bytes: Array("a=b".utf8), type: "text/plain"), 415,
                    "unsupported-media-type"
                ),
                (
                    "bad input", try await writer.post("/api/v1/samples", ["size": 11, "colour": "red"]), 422,
                    "invalid-input"
                ),
                ("no object", try await writer.post("/api/v1/samples", []), 422, "invalid-input"),
                (
                    "large body",
                    try await api.client.bearer("device").send(
                        "POST", "/api/v1/messages", bytes: [UInt8](repeating: 65, count: 101), type: "text/plain"), 413,
                    "payload-too-large"
                ),
                (
                    "stale version",
                    try await writer.with("If-Match", "\"2\"").patch("/api/v1/samples/\(Self.id)", [:]), 412,
                    "precondition-failed"
                ),
                (
                    "bad version", try await writer.with("If-Match", "2").patch("/api/v1/samples/\(Self.id)", [:]), 400,
                    "malformed-request"
                ),
                (
                    "bad organization", try await writer.with("X-Organization-Id", "x").get("/api/v1/samples"), 400,
                    "malformed-request"
                ),
                ("socket without upgrade", try await writer.get("/api/v1/samples/stream"), 426, "upgrade-required"),
                ("unforeseen", try await writer.post("/api/v1/failures"), 500, "internal-error"),
            ]
            for (name, answer, status, code) in refusals {
                #expect(answer.status == status && answer.code == code, "\(name): \(answer.status) \(answer.text)")
                #expect(answer.header("content-type") == "application/problem+json", "\(name)")
                #expect(answer.json["status"]?.integer == Int64(status), "\(name)")
                for member in ["type", "title", "detail", "instance"] {
                    #expect(answer.json[member]?.string?.isEmpty == false, "\(name): \(member)")
                }
                let id = answer.header("x-request-id") ?? "?"
                #expect(answer.json["instance"]?.string?.hasSuffix(id) == true, "\(name)")
                for secret in ["hunter2", "Unforeseen", "select", "Swift"] {
                    #expect(!answer.text.contains(secret), "\(name)")
                }
            }
        }
    }

    @Test("all faults of an input are named at once, with pointers")
    func faults() async throws {
        try await SampleAPI.run { api in
            let answer = try await api.writer.post("/api/v1/samples", ["size": 11, "a/b": true]).expect(422)
            #expect(Set(answer.faults) == ["/name", "/size", "/a~1b"])
            let query = try await api.writer.get("/api/v1/samples?limit=0&sort=x&count=y&cursor=z").expect(400)
            #expect(Set(query.faults) == ["limit", "sort", "count", "cursor"])
        }
    }

    @Test("a method that a path does not take answers 405 with Allow; HEAD is GET without the body")
    func methods() async throws {
        try await SampleAPI.run { api in
            let refused = try await api.writer.send("DELETE", "/api/v1/samples").expect(405)
            #expect(refused.header("allow") == "GET, HEAD, POST" && refused.code == "method-not-allowed")
            let head = try await api.writer.send("HEAD", "/api/v1/samples/\(Self.id)").expect(200)
            #expect(head.bytes.isEmpty && head.header("etag") == "\"3\"")
        }
    }

    @Test("request id and trace are taken over when they are sane, and always answered")
    func identity() async throws {
        try await SampleAPI.run { api in
            let own = try await api.writer.with("X-Request-Id", "order-7").get("/api/v1/self").expect(200)
            #expect(own.header("x-request-id") == "order-7")
            for odd in ["a b", "x\"y", String(repeating: "x", count: 200)] {
                let answer = try await api.writer.with("X-Request-Id", odd).get("/api/v1/self").expect(200)
                #expect(answer.header("x-request-id").map { $0 != odd && !$0.isEmpty } == true)
            }
            let traced = try await api.writer.with(
                "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            )
            .get("/api/v1/self").expect(200)
            #expect(traced.header("traceparent")?.hasPrefix("00-4bf92f3577b34da6a3ce929d0e0e4736-") == true)
            #expect(traced.header("x-content-type-options") == "nosniff" && traced.header("date") != nil)
        }
    }

    @Test("a list is walked by cursors in both directions, each row once")
    func lists() async throws {
        try await SampleAPI.run { api in
            for (query, expected) in [
                ("above=900&limit=30", Array(901...1000)),
                ("above=900&limit=30&sort=-number", Array((901...1000).reversed())),
            ] {
                var (seen, cursor): ([Int], String?) = ([], nil)
                repeat {
                    let page = try await api.writer.get(
                        "/api/v1/samples?\(query)" + (cursor.map { "&cursor=\($0)" } ?? "")
                    ).expect(200)
                    seen += page.items.compactMap { $0["number"]?.integer.map { Int($0) } }
                    cursor = page.json["next_cursor"]?.string
                } while cursor != nil
                #expect(seen == expected)
            }
            let counted = try await api.writer.get("/api/v1/samples?count=true").expect(200)
            #expect(counted.json["total"] == 1000 && counted.items.count == 50)
            let cursor = try #require(counted.json["next_cursor"]?.string)
            #expect(
                try await api.writer.get("/api/v1/samples?above=1&cursor=\(cursor)").expect(400).faults == ["cursor"])
        }
    }

    @Test("a version that the client has is not sent again; a change names the version it is meant for")
    func versions() async throws {
        try await SampleAPI.run { api in
            let path = "/api/v1/samples/\(Self.id)"
            #expect(try await api.writer.get(path).expect(200).header("etag") == "\"3\"")
            let known = try await api.writer.with("If-None-Match", "\"3\"").get(path).expect(304)
            #expect(known.bytes.isEmpty && known.header("etag") == "\"3\"")
            try await api.writer.with("If-None-Match", "\"2\"").get(path).expect(200)
            let changed = try await api.writer.with("If-Match", "\"3\"").patch(path, ["size": 2]).expect(200)
            #expect(changed.json == ["name": "old", "size": 2] && changed.header("etag") == "\"4\"")
            #expect(try await api.writer.patch(path, ["name": .null]).expect(422).faults == ["/name"])
            try await api.writer.with("If-Match", "*").delete(path).expect(204)
        }
    }

    @Test("50 parallel POSTs with one key have one effect (S27)")
    func idempotency() async throws {
        try await SampleAPI.run { api in
            let client = api.writer.with("Idempotency-Key", "order-1")
            let answers = try await withThrowingTaskGroup { group in
                for _ in 0..<50 {
                    group.addTask { try await client.post("/api/v1/samples", ["name": "one", "size": 1]) }
                }
                return try await group.reduce(into: [TestAnswer]()) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.status == 201 || $0.code == "request-in-progress" })
            #expect(answers.contains { $0.status == 201 })
            let again = try await client.post("/api/v1/samples", ["name": "one", "size": 1]).expect(201)
            #expect(
                again.json["number"] == 1 && again.header("location") == "/api/v1/samples/one"
                    && again.header("etag") == "\"1\"")
            #expect(
                try await client.post("/api/v1/samples", ["name": "one", "size": 2]).expect(422).code
                    == "idempotency-key-reused")
            #expect(
                try await api.writer.post("/api/v1/samples", ["name": "one", "size": 1]).expect(201).json["number"] == 2
            )
            try await client.with("Idempotency-Key", "a b").post("/api/v1/samples", ["name": "one", "size": 1]).expect(
                400)
        }
    }

    @Test("a refused request keeps no answer: its repetition is judged anew")
    func idempotencyOfRefusals() async throws {
        try await SampleAPI.run { api in
            let client = api.writer.with("Idempotency-Key", "order-2")
            try await client.post("/api/v1/samples", ["name": "two"]).expect(422)
            try await client.post("/api/v1/samples", ["name": "two", "size": 1]).expect(201)
        }
    }

    @Test("who obeys the rate headers is never refused, who does not is told the limit (S26)")
    func rates() async throws {
        let rates = TierRates(requestsPerMinute: 2, requestBurst: 10, messagesPerSecond: 1, messageBurst: 11)
        try await SampleAPI.run(rates: rates) { api in
            let first = try await api.writer.get("/api/v1/self").expect(200)
            #expect(first.header("ratelimit-policy")?.contains("\"client\";q=5") == true)
            #expect(first.header("ratelimit")?.contains("r=4") == true)
            for _ in 0..<4 { try await api.writer.get("/api/v1/self").expect(200) }
            let refused = try await api.writer.get("/api/v1/self").expect(429)
            #expect(
                refused.code == "too-many-requests" && refused.json["limit"] == "client" && refused.json["used"] == 5)
            #expect(refused.json["window"]?.integer != nil && refused.json["reset"]?.integer != nil)
            #expect(refused.header("retry-after").flatMap { Int($0) } ?? 0 > 0)
            // Telemetry has its own budget, counted in messages.
            try await api.client.bearer("device").send("POST", "/api/v1/messages", bytes: [1], type: "text/plain")
                .expect(202)
            try await api.client.bearer("device").send("POST", "/api/v1/messages", bytes: [1], type: "text/plain")
                .expect(429)
        }
    }

    @Test("guessing credentials is slowed down by address")
    func guessing() async throws {
        let rules = RateRules(anonymous: RatePolicy(name: "address", quantity: 1, window: 3600, burst: 5))
        try await SampleAPI.run(rules: rules) { api in
            for guess in 0..<5 { try await api.client.bearer("guess\(guess)").get("/api/v1/self").expect(401) }
            let refused = try await api.client.bearer("guess").get("/api/v1/self").expect(429)
            #expect(refused.json["limit"] == "address")
            try await api.writer.get("/api/v1/self").expect(200)
        }
    }

    @Test("the platform's own routes: health, metrics, the description and its viewer")
    func platform() async throws {
        try await SampleAPI.run { api in
            try await api.client.get("/health/live").expect(200)
            try await api.client.get("/health/ready").expect(200)
            try await api.client.get("/health").expect(200)
            try await api.writer.get("/api/v1/self").expect(200)
            let metrics = try await api.client.get("/metrics").expect(200)
            #expect(
                metrics.text.contains(#"rookery_http_requests_total{method="GET",route="/api/v1/self",status="200"} 1"#)
            )
            #expect(metrics.text.contains("rookery_http_connections"))
            let description = try await api.client.get("/openapi.json").expect(200)
            #expect(
                description.json["openapi"] == "3.1.0" && description.json["components"]?["schemas"]?["Problem"] != nil)
            let tag = try #require(description.header("etag"))
            try await api.client.with("If-None-Match", tag).get("/openapi.json").expect(304)
            #expect(try await api.client.get("/docs").expect(200).text.contains("not installed"))
            try await api.client.get("/docs/..%2f..%2fetc%2fpasswd").expect(404)
        }
    }
}
