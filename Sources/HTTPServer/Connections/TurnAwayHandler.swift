import NIOCore
import NIOHTTP1

/// Ends a connection for which there is no room; on a plain one with an answer.
final class TurnAwayHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answers: Bool

    init(answers: Bool) { self.answers = answers }

    func channelActive(context: ChannelHandlerContext) {
        if answers {
            let (head, body) = Refusal.tooManyConnections.response(requestID: Refusal.makeRequestID())
            var answer = ByteBuffer(string: "HTTP/1.1 \(head.status.code) \(head.status.reasonPhrase)\r\n")
            for (name, value) in head.headers { answer.writeString("\(name): \(value)\r\n") }
            answer.writeString("\r\n")
            answer.writeImmutableBuffer(body)
            context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        }
        context.close(promise: nil)
    }
}
