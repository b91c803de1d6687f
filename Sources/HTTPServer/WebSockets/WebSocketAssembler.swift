import NIOCore
import NIOWebSocket

/// Puts messages together from frames (RFC 6455, sections 5 and 7). Pure.
struct WebSocketAssembler {
    enum Outcome: Equatable {
        case nothing
        case message(WebSocketMessage)
        case ping(ByteBuffer)
        case pong
        /// The client closes; this is to be answered.
        case close(ByteBuffer)
        /// The client breaks the protocol: the socket closes with this code.
        case violation(WebSocketErrorCode)
    }

    private let messageBytes: Int
    private let fragments: Int
    private var opening: WebSocketOpcode?
    private var collected = ByteBuffer()
    private var count = 0

    init(messageBytes: Int, fragments: Int) {
        self.messageBytes = messageBytes
        self.fragments = fragments
    }

    mutating func receive(_ frame: WebSocketFrame) -> Outcome {
        // A client masks every frame (section 5.1); no extension has been agreed on that could use a reserved bit.
        guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return .violation(.protocolError) }
        let data = frame.unmaskedData
        if frame.opcode.isControlOpcode {
            guard frame.fin, data.readableBytes <= 125 else { return .violation(.protocolError) }
            switch frame.opcode {
            case .ping: return .ping(data)
            case .pong: return .pong
            case .connectionClose: return closing(data)
            default: return .violation(.protocolError)
            }
        }
        switch (frame.opcode, opening) {
        case (.text, nil), (.binary, nil):
            opening = frame.opcode
            collected = data
            count = 1
        case (.continuation, .some):
            count += 1
            guard collected.readableBytes + data.readableBytes <= messageBytes, count <= fragments else {
                return .violation(.messageTooLarge)
            }
            collected.writeImmutableBuffer(data)
        default: return .violation(.protocolError)
        }
        guard collected.readableBytes <= messageBytes else { return .violation(.messageTooLarge) }
        return frame.fin ? complete() : .nothing
    }

    private mutating func complete() -> Outcome {
        defer { (opening, collected) = (nil, ByteBuffer()) }
        guard opening == .text else { return .message(.binary(collected)) }
        let bytes = collected.readableBytesView
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return .violation(.dataInconsistentWithMessage)
        }
        return .message(.text(text))
    }

    /// Section 7.4: a code that may be sent, and a reason in UTF-8.
    private func closing(_ data: ByteBuffer) -> Outcome {
        var data = data
        guard data.readableBytes > 0 else { return .close(data) }
        guard let code = data.getInteger(at: data.readerIndex, as: UInt16.self) else {
            return .violation(.protocolError)
        }
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: break
        default: return .violation(.protocolError)
        }
        let echo = data.readSlice(length: 2) ?? ByteBuffer()
        guard String(validating: data.readableBytesView, as: UTF8.self) != nil else {
            return .violation(.dataInconsistentWithMessage)
        }
        return .close(echo)
    }
}
