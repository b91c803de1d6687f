import NIOConcurrencyHelpers
import NIOCore
import NIOWebSocket

/// Sends to one client without ever waiting for it: what it does not read yet waits in a bounded queue.
///
/// A publisher that serves many sockets calls ``send(_:)`` on each and moves on. When a queue is full the message is not
/// taken; ``onCaughtUp(_:)`` tells when the client has read everything, so that it can be given a snapshot.
package final class WebSocketSender: Sendable {
    package enum Outcome: Sendable { case queued, full, closed }

    private struct Queue {
        var frames = CircularBuffer<WebSocketFrame>()
        var bytes = 0
        var isDrainScheduled = false
        /// A message was refused since the queue was last empty.
        var isBehind = false
        var isOpen = true
        var closing: WebSocketErrorCode?
        var caughtUp: (@Sendable () -> Void)?
    }

    private let queue = NIOLockedValueBox(Queue())
    private let channel: any Channel
    private let session: NIOLoopBound<WebSocketSession>
    private let limits: WebSocketLimits

    init(channel: any Channel, session: WebSocketSession, limits: WebSocketLimits) {
        self.channel = channel
        self.session = NIOLoopBound(session, eventLoop: channel.eventLoop)
        self.limits = limits
    }

    /// Sends a text; the bytes must be UTF-8. Never suspends.
    @discardableResult
    package func send(_ text: ByteBuffer) -> Outcome { enqueue(WebSocketFrame(fin: true, opcode: .text, data: text)) }

    @discardableResult
    package func send(_ text: String) -> Outcome { send(ByteBuffer(string: text)) }

    @discardableResult
    package func send(binary: ByteBuffer) -> Outcome {
        enqueue(WebSocketFrame(fin: true, opcode: .binary, data: binary))
    }

    /// Calls back, on any thread, when the queue is empty again after a message was refused for being ``Outcome/full``.
    package func onCaughtUp(_ callback: @escaping @Sendable () -> Void) {
        queue.withLockedValue { $0.caughtUp = callback }
    }

    /// What waits for the client, in bytes.
    package var queuedBytes: Int { queue.withLockedValue { $0.bytes } }

    package var isOpen: Bool { queue.withLockedValue { $0.isOpen } }

    /// Closes the socket once what is queued has been sent.
    package func close(_ code: WebSocketErrorCode) {
        queue.withLockedValue { if $0.closing == nil { $0.closing = code } }
        schedule()
    }

    private func enqueue(_ frame: WebSocketFrame) -> Outcome {
        let (outcome, mustSchedule): (Outcome, Bool) = queue.withLockedValue { queue in
            guard queue.isOpen, queue.closing == nil else { return (.closed, false) }
            let size = frame.data.readableBytes
            guard queue.frames.count < limits.queuedMessages,
                queue.frames.isEmpty || queue.bytes + size <= limits.queuedBytes
            else {
                queue.isBehind = true
                return (.full, false)
            }
            queue.frames.append(frame)
            queue.bytes += size
            defer { queue.isDrainScheduled = true }
            return (.queued, !queue.isDrainScheduled)
        }
        if mustSchedule { schedule() }
        return outcome
    }

    private func schedule() { channel.eventLoop.execute { [session] in session.value.drain() } }

    /// The next frame to write; nil when there is none, which ends the present drain.
    func next() -> WebSocketFrame? {
        let (frame, callback): (WebSocketFrame?, (@Sendable () -> Void)?) = queue.withLockedValue { queue in
            if let frame = queue.frames.popFirst() {
                queue.bytes -= frame.data.readableBytes
                return (frame, nil)
            }
            queue.isDrainScheduled = false
            defer { queue.isBehind = false }
            return (nil, queue.isBehind ? queue.caughtUp : nil)
        }
        callback?()
        return frame
    }

    /// The code to close with, once everything has been written.
    func closingCode() -> WebSocketErrorCode? { queue.withLockedValue { $0.frames.isEmpty ? $0.closing : nil } }

    /// The socket has ended: nothing more is taken.
    func ended() {
        queue.withLockedValue { queue in
            queue.isOpen = false
            queue.frames.removeAll()
            queue.bytes = 0
            queue.caughtUp = nil
        }
    }

    /// Closes and waits until the connection has ended.
    func closeAndWait(_ code: WebSocketErrorCode) async {
        close(code)
        try? await channel.closeFuture.get()
    }
}
