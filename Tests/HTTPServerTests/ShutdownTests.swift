import HTTPServer
import NIOConcurrencyHelpers
import NIOCore
import ServiceLifecycle
import Testing

/// R14: a shutdown drops no request.
@Suite("Graceful shutdown")
struct ShutdownTests {
    @Test("a request in progress gets its answer, idle connections end, sockets close with 1001")
    func shutdown() async throws {
        try await TestServer.run { server in
            let waiting = try await RawConnection(port: server.port)
            try await waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
            let idle = try await RawConnection(port: server.port)
            try await idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = await idle.answer()
            let silent = try await RawConnection(port: server.port)
            let socket = try await RawWebSocket(port: server.port)
            while server.application.begun.withLockedValue({ $0 }) == 0 { await Task.yield() }

            await server.group.triggerGracefulShutdown()
            #expect(await socket.closeCode() == 1001)
            #expect(await idle.rest().isEmpty)
            #expect(await silent.rest().isEmpty)
            server.application.gate.open()
            let answer = await waiting.rest()
            #expect(
                answer.hasPrefix("HTTP/1.1 200") && answer.contains("waited")
                    && answer.lowercased().contains("connection: close"))
        }
    }

    @Test("under load every request that was sent is answered")
    func underLoad() async throws {
        let answered = NIOLockedValueBox(0)
        let dropped = NIOLockedValueBox<[String]>([])
        // The clients of this test may be slow to be scheduled.
        try await TestServer.run(configure: { $0.limits.quiesceGrace = .seconds(4) }) { server in
            try await withThrowingTaskGroup { group in
                for _ in 0..<20 {
                    group.addTask {
                        while let connection = try? await RawConnection(port: server.port) {
                            while true {
                                do { try await connection.send("GET /load HTTP/1.1\r\nHost: a\r\n\r\n") } catch {
                                    break
                                }
                                let answer = await connection.answer()
                                if answer.body.contains("/load") {
                                    answered.withLockedValue { $0 += 1 }
                                } else {
                                    dropped.withLockedValue { $0.append(answer.head) }
                                }
                                if !answer.body.contains("/load")
                                    || answer.head.lowercased().contains("connection: close")
                                {
                                    break
                                }
                            }
                            await connection.close()
                        }
                    }
                }
                while answered.withLockedValue({ $0 }) < 500 { await Task.yield() }
                await server.group.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
        #expect(answered.withLockedValue { $0 } >= 500)
        #expect(dropped.withLockedValue { $0 }.isEmpty)
    }
}
