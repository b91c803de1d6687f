import HTTPServer
import NIOConcurrencyHelpers
import NIOCore
import Testing

@Suite("Compression")
struct CompressionTests {
    /// gzip of "hello".
    static let hello: [UInt8] = [
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 7, 0, 0x86, 0xa6, 0x10, 0x36, 5, 0, 0, 0,
    ]

    /// A gzip stream of one block in which 13 bits make 258 zero bytes, so it inflates about
    /// 160-fold.
    static func bomb(kilobytes: Int) -> [UInt8] {
        // Fixed Huffman block (RFC 1951, 3.2.6): one literal 0, then length 258 at distance 1 as often as wanted.
        var bits: [UInt8] = []
        func put(_ value: Int, _ count: Int, msbFirst: Bool = false) {
            for index in 0..<count { bits.append(UInt8(value >> (msbFirst ? count - 1 - index : index) & 1)) }
        }
        put(1, 1)
        put(1, 2)
        put(0b0011_0000, 8, msbFirst: true)
        for _ in 0..<(kilobytes * 4) {
            put(0b1100_0101, 8, msbFirst: true)
            put(0, 5, msbFirst: true)
        }
        put(0, 7, msbFirst: true)
        var bytes: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]
        var at = 0
        while at < bits.count {
            var byte: UInt8 = 0
            for offset in 0..<8 where at + offset < bits.count { byte |= bits[at + offset] << UInt8(offset) }
            bytes.append(byte)
            at += 8
        }
        return bytes + [UInt8](repeating: 0, count: 8)
    }

    static func post(_ body: [UInt8], encoding: String = "gzip") -> ByteBuffer {
        let head =
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Encoding: \(encoding)\r\nContent-Length: \(body.count)\r\n\r\n"
        var bytes = ByteBuffer(string: head)
        bytes.writeBytes(body)
        return bytes
    }

    @Test("a gzip body is inflated, whatever the case of its name")
    func inflates() async throws {
        try await TestServer.run { server in
            for name in ["gzip", "GZIP"] {
                let connection = try await RawConnection(port: server.port)
                try await connection.send(Self.post(Self.hello, encoding: name))
                #expect(await connection.answer().body == "hello")
                await connection.close()
            }
        }
    }

    @Test("a body that is not what it says answers 400", arguments: 0..<3)
    func malformed(_ form: Int) async throws {
        let bodies: [[UInt8]] = [
            Array("this is no gzip at all".utf8), Array(Self.hello.prefix(14)) + [0xff, 0xff, 0xff, 0xff, 0xff],
            Array(Self.hello.prefix(12)),
        ]
        try await TestServer.run { server in
            let connection = try await RawConnection(port: server.port)
            try await connection.send(Self.post(bodies[form]))
            let answer = await connection.rest()
            #expect(answer.hasPrefix("HTTP/1.1 400") && answer.contains("malformed-request"), "\(answer)")
            #expect(server.application.bodies.withLockedValue { $0.allSatisfy { $0 == -1 } })
        }
    }

    @Test("an exploding body answers 413, by ratio and by size")
    func explodes() async throws {
        try await TestServer.run(configure: { $0.limits.inflationRatio = 100 }) { server in
            let connection = try await RawConnection(port: server.port)
            try await connection.send(Self.post(Self.bomb(kilobytes: 4096)))
            let answer = await connection.rest()
            #expect(answer.hasPrefix("HTTP/1.1 413"), "\(answer.prefix(300))")
        }
        try await TestServer.run(configure: {
            $0.limits.inflationRatio = 100_000
            $0.limits.inflatedBytes = 100_000
        }) { server in
            let connection = try await RawConnection(port: server.port)
            try await connection.send(Self.post(Self.bomb(kilobytes: 512)))
            let answer = await connection.rest()
            #expect(answer.hasPrefix("HTTP/1.1 413"), "\(answer.prefix(300))")
            #expect(server.application.bodies.withLockedValue { $0.allSatisfy { $0 == -1 } })
        }
    }

    @Test("an unknown or double content coding answers 415")
    func unknown() async throws {
        try await TestServer.run { server in
            for name in ["br", "gzip, gzip", "gzip\r\nContent-Encoding: gzip"] {
                let connection = try await RawConnection(port: server.port)
                try await connection.send(Self.post(Self.hello, encoding: name))
                #expect(await connection.rest().hasPrefix("HTTP/1.1 415"), "\(name)")
            }
        }
    }

    @Test("a large text is compressed for those who accept it, a small one for nobody")
    func deflates() async throws {
        try await TestServer.run { server in
            let large = try await server.exchange(
                "GET /large HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")
            #expect(large.lowercased().contains("content-encoding: gzip") && large.utf8.count < 100_000)
            let plain = try await server.exchange("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(!plain.lowercased().contains("content-encoding") && plain.utf8.count > 1 << 22)
            let small = try await server.exchange(
                "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")
            #expect(small.contains("GET /") && !small.lowercased().contains("content-encoding"))
        }
    }
}
