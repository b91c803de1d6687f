import NIOCore
import NIOHTTP1
import NIOHTTPCompression

/// The handlers of a connection's content codings. They join the pipeline with the first request that needs them: most
/// clients neither send nor ask for compressed bodies, and every handler costs each part of each exchange its share.
struct ContentCodings {
    private let limits: HTTPLimits
    private var inflates = false
    private var deflates = false

    init(limits: HTTPLimits) { self.limits = limits }

    /// Puts behind `handler` what the request needs and is not there yet.
    mutating func join(
        _ pipeline: ChannelPipeline.SynchronousOperations, behind handler: any ChannelHandler, for head: HTTPRequestHead
    ) throws {
        if !deflates, head.headers.contains(name: "accept-encoding") {
            deflates = true
            try pipeline.addHandler(HTTPResponseCompressor.forTexts(), position: .after(handler))
        }
        if !inflates, head.headers.contains(name: "content-encoding") {
            inflates = true
            try pipeline.addHandlers(
                [
                    NIOHTTPRequestDecompressor(limit: .ratio(limits.inflationRatio)), DecompressionFaultHandler(),
                    InflatedSizeHandler(limit: limits.inflatedBytes),
                ], position: .after(handler))
        }
    }
}

/// Turns what the decompressor finds into a refusal of the request: the errors would otherwise be our fault (500).
final class DecompressionFaultHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let refusal: Refusal
        switch error {
        case NIOHTTPDecompression.DecompressionError.limit: refusal = .inflatedTooLarge
        case is NIOHTTPDecompression.DecompressionError, is NIOHTTPDecompression.ExtraDecompressionError:
            refusal = .malformed("The body is not what Content-Encoding says.")
        default: return context.fireErrorCaught(error)
        }
        context.triggerUserOutboundEvent(refusal, promise: nil)
    }
}

/// Holds a decompressed body to its size; the decompressor itself looks at the ratio.
final class InflatedSizeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private let limit: Int
    private var bytes = 0

    init(limit: Int) { self.limit = limit }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: bytes = 0
        case .body(let part):
            bytes += part.readableBytes
            guard bytes <= limit else {
                return context.triggerUserOutboundEvent(Refusal.inflatedTooLarge, promise: nil)
            }
        case .end: break
        }
        context.fireChannelRead(data)
    }
}

extension HTTPResponseCompressor {
    /// Compresses text of a kilobyte and more; events must arrive one by one and are left alone.
    static func forTexts() -> HTTPResponseCompressor {
        HTTPResponseCompressor { head, isPossible in
            let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? .max
            let type = head.headers.first(name: "content-type") ?? ""
            let isText =
                type.hasPrefix("text/") || type.hasPrefix("application/json") || type.hasPrefix("application/x-ndjson")
                || type.hasPrefix("application/javascript") || type.hasPrefix("image/svg")
            guard isText, !type.hasPrefix("text/event-stream"), length >= 1024 else { return .doNotCompress }
            head.headers.add(name: "vary", value: "accept-encoding")
            return isPossible ? .compressIfPossible : .doNotCompress
        }
    }
}
