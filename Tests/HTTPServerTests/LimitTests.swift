import HTTPServer
import NIOConcurrencyHelpers
import NIOCore
import Testing

/// S14: sizes and deadlines.
@Suite("Limits of requests")
struct LimitTests {
    @Test("header fields beyond the limit answer 431")
    func headers() async throws {
        try await TestServer.run { server in
            let large = String(repeating: "x", count: 90_000)
            let one = try await server.exchange("GET / HTTP/1.1\r\nHost: a\r\nX-Large: \(large)\r\n\r\n")
            #expect(one.hasPrefix("HTTP/1.1 431") && one.contains("headers-too-large"), "\(one)")
            let many = String(repeating: "X-Some: y\r\n", count: 400)
            #expect(try await server.exchange("GET / HTTP/1.1\r\nHost: a\r\n\(many)\r\n").hasPrefix("HTTP/1.1 431"))
            let target = try await server.exchange("GET /\(large) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(target.hasPrefix("HTTP/1.1 431"))
            let fits = String(repeating: "x", count: 60_000)
            let connection = try await RawConnection(port: server.port)
            try await connection.send("GET / HTTP/1.1\r\nHost: a\r\nX-Large: \(fits)\r\n\r\n")
            #expect(await connection.answer().head.hasPrefix("HTTP/1.1 200"))
            await connection.close()
        }
    }

    @Test("a body that is announced too large is refused before it is sent")
    func announced() async throws {
        try await TestServer.run(configure: { $0.limits.bodyBytes = 1000 }) { server in
            let answer = try await server.exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 413") && answer.contains("payload-too-large"))
            #expect(server.application.bodies.withLockedValue { $0 }.isEmpty)
        }
    }

    @Test("a chunked body is cut off where it becomes too large, and nobody takes the part for the whole")
    func chunked() async throws {
        try await TestServer.run(configure: { $0.limits.bodyBytes = 1000 }) { server in
            let chunk = "190\r\n" + String(repeating: "x", count: 400) + "\r\n"
            let answer = try await server.exchange(
                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + chunk
                    + "0\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 413"), "\(answer)")
            #expect(server.application.bodies.withLockedValue { $0.allSatisfy { $0 == -1 } })
        }
    }

    @Test("a client that goes away in the middle of a body leaves no half request")
    func brokenOff() async throws {
        try await TestServer.run { server in
            let connection = try await RawConnection(port: server.port)
            try await connection.send(
                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            try await connection.endInput()
            _ = await connection.rest()
            #expect(server.application.bodies.withLockedValue { $0.allSatisfy { $0 == -1 } })
        }
    }

    @Test("a body that is announced waits for 100 Continue")
    func expectation() async throws {
        try await TestServer.run { server in
            let connection = try await RawConnection(port: server.port)
            try await connection.send(
                "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            #expect(await connection.answer().head.hasPrefix("HTTP/1.1 100"))
            try await connection.send("hello")
            #expect(await connection.answer().body == "hello")
            await connection.close()
        }
    }

    @Test("a request whose body nobody reads does not disturb the next one")
    func unreadBody() async throws {
        try await TestServer.run { server in
            let connection = try await RawConnection(port: server.port)
            for _ in 0..<3 {
                try await connection.send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
                #expect(await connection.answer().body == "ignored")
            }
            await connection.close()
        }
    }

    @Test("slow headers are closed, also on a connection that has served a request")
    func slowHeaders() async throws {
        try await TestServer.run(configure: { $0.limits.headerDeadline = .milliseconds(1500) }) { server in
            let slow = try await server.exchange("GET / HTTP/1.1\r\nHo")
            #expect(slow.hasPrefix("HTTP/1.1 408") && slow.contains("request-timeout"), "\(slow)")
            let silent = try await server.exchange("")
            #expect(silent.isEmpty)
            let connection = try await RawConnection(port: server.port)
            try await connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(await connection.answer().head.hasPrefix("HTTP/1.1 200"))
            try await connection.send("GET / HT")
            #expect(await connection.rest().hasPrefix("HTTP/1.1 408"))
        }
    }

    @Test("a body below the minimum rate is closed")
    func slowBody() async throws {
        try await TestServer.run(configure: {
            $0.limits.bodyRate = 1000
            $0.limits.bodyRateWindow = .milliseconds(200)
        }) { server in
            let connection = try await RawConnection(port: server.port)
            try await connection.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
            let trickle = Task {
                for _ in 0..<100 {
                    try await Task.sleep(for: .milliseconds(50))
                    try await connection.send("x")
                }
            }
            let answer = await connection.rest()
            trickle.cancel()
            #expect(answer.hasPrefix("HTTP/1.1 408"), "\(answer)")
            // The handler learns of the end a moment after the client does.
            for _ in 0..<500 where server.application.bodies.withLockedValue({ $0.isEmpty }) {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(server.application.bodies.withLockedValue { $0 == [-1] })
        }
    }

    @Test("a body that comes fast enough but never ends is closed at the deadline")
    func endlessBody() async throws {
        try await TestServer.run(configure: {
            $0.limits.bodyDeadline = .milliseconds(400)
            $0.limits.bodyRate = 10
            $0.limits.bodyRateWindow = .milliseconds(100)
        }) { server in
            let connection = try await RawConnection(port: server.port)
            try await connection.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            let flow = Task {
                while true {
                    try await connection.send("5\r\nhello\r\n")
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(await connection.rest().hasPrefix("HTTP/1.1 408"))
            flow.cancel()
        }
    }

    @Test("an idle connection is closed, one whose answer takes long is not")
    func idle() async throws {
        try await TestServer.run(configure: { $0.limits.idleTimeout = .milliseconds(150) }) { server in
            let waiting = try await RawConnection(port: server.port)
            try await waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = try await server.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            server.application.gate.open()
            #expect(await waiting.answer().body == "waited")
            #expect(await waiting.rest().isEmpty)
        }
    }

    @Test("a client that does not read its answer is closed")
    func unread() async throws {
        try await TestServer.run(configure: { $0.limits.unreadTimeout = .milliseconds(300) }) { server in
            let connection = try await RawConnection(port: server.port, reads: false)
            let requests = String(repeating: "GET /large HTTP/1.1\r\nHost: a\r\n\r\n", count: 5)
            try await connection.send(requests)
            // The write fails once the server has closed.
            await #expect(throws: (any Error).self) {
                while true {
                    try await connection.send(requests)
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
        }
    }

    @Test("connections beyond the limit are turned away with 503")
    func connections() async throws {
        try await TestServer.run(configure: { $0.limits.connectionsPerAddress = 2 }) { server in
            let first = try await RawConnection(port: server.port)
            let second = try await RawConnection(port: server.port)
            for connection in [first, second] {
                try await connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(await connection.answer().head.hasPrefix("HTTP/1.1 200"))
            }
            let third = try await RawConnection(port: server.port)
            #expect(await third.rest().hasPrefix("HTTP/1.1 503"))
            await first.close()
            await second.close()
        }
    }
}
