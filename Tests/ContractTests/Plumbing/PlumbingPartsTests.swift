import HTTPTypes
import JSON
import Kernel
import NIOCore
import Testing

@testable import WebAPI

@Suite("Parts of the HTTP conventions")
struct PlumbingPartsTests {
    @Test("a cursor opens only for the organization, route, filters and order that it was made for")
    func cursors() throws {
        let codec = CursorCodec(key: [UInt8](repeating: 7, count: 32))
        let (mine, other) = (OrganizationID.make(), OrganizationID.make())
        func binding(
            _ organization: OrganizationID = mine, route: String = "/devices",
            _ parameters: JSONObject = ["name": "a", "sort": "-name"]
        ) -> CursorBinding { CursorBinding(organizationID: organization, route: route, parameters: parameters) }
        let position = PagePosition(["Grüße, \"x\"", .null, "42"])
        let cursor = codec.seal(position, for: binding())
        #expect(codec.open(cursor, for: binding()) == position)
        #expect(
            codec.open(
                cursor,
                for: binding(mine, ["name": "a", "sort": "-name", "limit": "5", "cursor": "x", "count": "true"]))
                == position)
        #expect(codec.open(cursor, for: binding(other)) == nil)
        #expect(codec.open(cursor, for: binding(route: "/sites")) == nil)
        #expect(codec.open(cursor, for: binding(mine, ["name": "b", "sort": "-name"])) == nil)
        #expect(codec.open(cursor, for: binding(mine, ["name": "a"])) == nil)
        #expect(CursorCodec(key: [UInt8](repeating: 8, count: 32)).open(cursor, for: binding()) == nil)
        for index in cursor.indices {
            var forged = cursor
            forged.replaceSubrange(index...index, with: cursor[index] == "A" ? "B" : "A")
            #expect(codec.open(forged, for: binding()) == nil)
        }
        for garbage in ["", "A", "====", "AAAA", cursor + "A", String(repeating: "A", count: 2000)] {
            #expect(codec.open(garbage, for: binding()) == nil)
        }
    }

    @Test("If-Match is *, or strong tags; If-None-Match compares weakly")
    func entityTags() {
        #expect(EntityTag.text(7) == "\"7\"")
        #expect(EntityTag.expectedVersion(ifMatch: " * ") == .any)
        #expect(EntityTag.expectedVersion(ifMatch: "\"7\"") == .oneOf([7]))
        #expect(EntityTag.expectedVersion(ifMatch: "\"6\", \"7\"") == .oneOf([6, 7]))
        #expect(EntityTag.expectedVersion(ifMatch: "W/\"7\", \"x\"") == .oneOf([]))
        for malformed in ["", "7", "\"7", "7\"", "\"7\" \"8\"", "\"7\",", "w/\"7\""] {
            #expect(EntityTag.expectedVersion(ifMatch: malformed) == nil, "\(malformed)")
        }
        #expect(EntityTag.matches(ifNoneMatch: "W/\"7\", \"9\"", "\"7\""))
        #expect(EntityTag.matches(ifNoneMatch: "*", "\"7\""))
        #expect(!EntityTag.matches(ifNoneMatch: "\"8\"", "\"7\""))
        #expect(!EntityTag.matches(ifNoneMatch: "7", "\"7\""))
    }

    @Test("a trace is continued when its header is well-formed, and begun otherwise")
    func traces() {
        var generator = SystemRandomNumberGenerator()
        let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let trace = TraceContext(continuing: caller, using: &generator)
        #expect(trace.traceID == "4bf92f3577b34da6a3ce929d0e0e4736" && trace.parentID == "00f067aa0ba902b7")
        #expect(trace.header.hasPrefix("00-4bf92f3577b34da6a3ce929d0e0e4736-") && trace.header.hasSuffix("-01"))
        #expect(trace.spanID != "00f067aa0ba902b7" && trace.spanID.utf8.count == 16)
        let later = TraceContext(continuing: "cc" + caller.dropFirst(2) + "-more", using: &generator)
        #expect(later.traceID == trace.traceID)
        for malformed in [
            nil, "", "00", caller + "-more", "ff" + caller.dropFirst(2), caller.uppercased(),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
        ] {
            let fresh = TraceContext(continuing: malformed, using: &generator)
            #expect(fresh.parentID == nil && fresh.traceID != trace.traceID && fresh.traceID.utf8.count == 32)
        }
    }

    @Test("paths are split before they are decoded, and parameters are strict")
    func targets() throws {
        #expect(Target("/a/b%2Fc/d+e")?.segments == ["a", "b/c", "d+e"])
        #expect(Target("/")?.segments == [])
        #expect(Target("/a/")?.segments == ["a", ""])
        for malformed in ["/%", "/%2", "/%zz", "/%ff", "/%00", "/%c0%af"] {
            #expect(Target(malformed) == nil, "\(malformed)")
        }

        let target = try #require(Target("/a?x=1+2&y=%C3%BC&z="))
        #expect(try target.parameters(known: ["x", "y", "z"]) == ["x": "1 2", "y": "ü", "z": ""])
        let bad = try #require(Target("/a?x=1&x=2&q=3&y=%ff&%=1&z=%00"))
        let error = #expect(throws: ServiceError.self) { try bad.parameters(known: ["x", "y", "z"]) }
        #expect(error?.code == .invalidParameter && error?.fields.map(\.pointer) == ["x", "q", "y", "", "z"])
    }

    @Test("requests are the same to an Idempotency-Key when method, target and body are")
    func idempotencyHash() {
        let body = ByteBuffer(string: "{}")
        let codec = CursorCodec(key: [UInt8](repeating: 7, count: 32))
        func hash(_ method: String, _ target: String, _ body: ByteBuffer) -> [UInt8] {
            codec.requestHash(IdempotentRequest.identity(method: method, target: target, body: body))
        }
        let first = hash("POST", "/a", body)
        #expect(first == hash("POST", "/a", body) && first.count == 32)
        #expect(first != hash("PUT", "/a", body))
        #expect(first != hash("POST", "/b", body))
        #expect(first != hash("POST", "/a", ByteBuffer(string: "{ }")))
        let other = CursorCodec(key: [UInt8](repeating: 8, count: 32))
        #expect(first != other.requestHash(IdempotentRequest.identity(method: "POST", target: "/a", body: body)))
    }

    @Test("an answer that is kept and given again is the same answer")
    func keptAnswers() throws {
        let answer = Answer.created(JSONValue.object(["a": "\u{0}\"ü"]), at: "/things/1", version: 3)
        let again = Answer(status: answer.status.code, kept: try #require(answer.kept))
        #expect(again.status == .created && again.headers == answer.headers)
        guard case (.bytes(let left, let leftType), .bytes(let right, let rightType)) = (answer.body, again.body) else {
            Issue.record("no body")
            return
        }
        #expect(left == right && leftType == rightType)
        #expect(Answer(status: 204, kept: try #require(Answer.noContent.kept)).status == .noContent)
    }

    @Test("literal segments win over parameters, and a rest takes what is left")
    func routeTree() {
        var tree = RouteTree<Int>()
        tree.insert(1, method: "GET", path: "/devices/{id}")
        tree.insert(2, method: "GET", path: "/devices/statistics")
        tree.insert(3, method: "POST", path: "/devices/{id}/commands/{name}")
        tree.insert(4, method: "GET", path: "/files/{*path}")
        #expect(tree.find(["devices", "7"])?.leaves == ["GET": 1])
        #expect(tree.find(["devices", "7"])?.parameters == ["id": "7"])
        #expect(tree.find(["devices", "statistics"])?.leaves == ["GET": 2])
        #expect(
            tree.find(["devices", "statistics", "commands", "x"])?.parameters == ["id": "statistics", "name": "x"])
        #expect(tree.find(["files", "a", "b"])?.parameters == ["path": "a/b"])
        for missing in [[], ["devices"], ["devices", ""], ["devices", "7", ""], ["devices", "7", "commands"], ["x"]] {
            #expect(tree.find(missing) == nil, "\(missing)")
        }
    }

    @Test("metrics are written as Prometheus reads them")
    func metrics() {
        let metrics = Metrics()
        metrics.counter("a_total", "Some.", [("path", "x\"y\\z\n")]).add(3)
        metrics.gauge("b", "Others.") { 1.5 }
        let histogram = metrics.histogram("c_seconds", "Times.", bounds: [0.1, 1])
        for value in [0.05, 0.1, 0.5, 7] { histogram.observe(value) }
        let expected = """
            # HELP a_total Some.
            # TYPE a_total counter
            a_total{path="x\\"y\\\\z\\n"} 3
            # HELP b Others.
            # TYPE b gauge
            b 1.5
            # HELP c_seconds Times.
            # TYPE c_seconds histogram
            c_seconds_bucket{le="0.1"} 2
            c_seconds_bucket{le="1"} 3
            c_seconds_bucket{le="+Inf"} 4
            c_seconds_sum 7.65
            c_seconds_count 4

            """
        #expect(metrics.exposition == expected)
    }

    @Test("dates are written as RFC 9110 has them")
    func dates() { #expect(HTTPDate.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT") }

    @Test("only a trusted proxy is believed about its clients")
    func proxies() {
        let proxies = TrustedProxies(["10.0.0.1", "10.0.0.2"])
        var headers = HTTPFields()
        headers[.forwardedFor] = "1.1.1.1, 2.2.2.2, 10.0.0.2"
        #expect(proxies.clientAddress("10.0.0.1", headers) == "2.2.2.2")
        #expect(proxies.clientAddress("9.9.9.9", headers) == "9.9.9.9")
        #expect(proxies.clientAddress("10.0.0.1", [:]) == "10.0.0.1")
    }

    @Test("a socket's token is never the subprotocol that is answered")
    func socketProtocols() throws {
        var headers = HTTPFields()
        headers[.secWebSocketProtocol] = "rookery.v1, bearer.abc"
        #expect(SocketProtocols(headers).token == "abc" && SocketProtocols(headers).chosen == "rookery.v1")
        #expect(try Credentials(headers, isHandshake: true) == .bearer("abc"))
        #expect(try Credentials(headers, isHandshake: false) == nil)
    }
}
