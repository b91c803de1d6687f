import NIOCore
import NIOSSL

/// A WebSocket client that can also say what none should.
struct RawWebSocket: Sendable {
    let connection: RawConnection
    let handshake: String

    /// Asks for a socket.
    /// - Parameter headers: further header lines, each with its line end.
    init(port: Int, path: String = "/socket", headers: String = "", version: Int = 13, tls: NIOSSLContext? = nil)
        async throws
    {
        connection = try await RawConnection(port: port, tls: tls)
        try await connection.send(
            "GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: \(version)\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(headers)\r\n")
        let answer = await connection.answer()
        handshake = answer.head + "\n" + answer.body
    }

    var isOpen: Bool { handshake.hasPrefix("HTTP/1.1 101") }

    /// - Parameter first: the frame's first byte: FIN, reserved bits and opcode.
    static func frame(_ first: UInt8, _ payload: [UInt8], masked: Bool = true) -> ByteBuffer {
        var frame = ByteBuffer(bytes: [first])
        let mask: UInt8 = masked ? 0x80 : 0
        switch payload.count {
        case ..<126: frame.writeInteger(mask | UInt8(payload.count))
        case ..<65536:
            frame.writeInteger(mask | 126)
            frame.writeInteger(UInt16(payload.count))
        default:
            frame.writeInteger(mask | 127)
            frame.writeInteger(UInt64(payload.count))
        }
        let key: [UInt8] = [1, 2, 3, 4]
        if masked { frame.writeBytes(key) }
        frame.writeBytes(masked ? payload.enumerated().map { $1 ^ key[$0 & 3] } : payload)
        return frame
    }

    func send(_ first: UInt8, _ payload: [UInt8], masked: Bool = true) async throws {
        try await connection.send(Self.frame(first, payload, masked: masked))
    }

    func send(_ text: String) async throws { try await send(0x81, Array(text.utf8)) }

    /// The next frame of the server; nil when it has closed.
    func receive() async -> (opcode: UInt8, payload: [UInt8])? {
        var head = await connection.bytes(2)
        guard let first = head.readInteger(as: UInt8.self), let length = head.readInteger(as: UInt8.self) else {
            return nil
        }
        var count = Int(length & 0x7f)
        if count == 126 {
            var more = await connection.bytes(2)
            count = Int(more.readInteger(as: UInt16.self) ?? 0)
        } else if count == 127 {
            var more = await connection.bytes(8)
            count = Int(more.readInteger(as: UInt64.self) ?? 0)
        }
        let payload = await connection.bytes(count)
        return (first & 0x0f, Array(payload.readableBytesView))
    }

    /// The code of the close frame that comes next, after any pings.
    func closeCode() async -> Int? {
        while let frame = await receive() {
            guard frame.opcode == 8 else { continue }
            return frame.payload.count >= 2 ? Int(frame.payload[0]) << 8 | Int(frame.payload[1]) : 0
        }
        return nil
    }
}
