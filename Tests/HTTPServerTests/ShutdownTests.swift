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
        // Between the last look at the kernel's queue and the closing of the port a handshake may still be finished; that
        // connection is reset before anything of it was read. No program can close that gap, and clients connect again.
        let atTheDoor = NIOLockedValueBox(0)
        let isEnding = NIOLockedValueBox(false)
        // The clients of this test may be slow to be scheduled.
        try await TestServer.run(configure: { $0.limits.quiesceGrace = .seconds(4) }) { server in
            try await withThrowingTaskGroup { group in
                for _ in 0..<20 {
                    group.addTask {
                        while let connection = try? await RawConnection(port: server.port) {
                            var isFresh = true
                            while true {
                                do { try await connection.send("GET /load HTTP/1.1\r\nHost: a\r\n\r\n") } catch {
                                    break
                                }
                                let answer = await connection.answer()
                                if answer.body.contains("/load") {
                                    answered.withLockedValue { $0 += 1 }
                                    isFresh = false
                                } else if isFresh, answer.head.isEmpty, isEnding.withLockedValue({ $0 }) {
                                    atTheDoor.withLockedValue { $0 += 1 }
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
                isEnding.withLockedValue { $0 = true }
                await server.group.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
        #expect(atTheDoor.withLockedValue { $0 } <= 2)
        #expect(answered.withLockedValue { $0 } >= 500)
        #expect(dropped.withLockedValue { $0 }.isEmpty)
    }
}
