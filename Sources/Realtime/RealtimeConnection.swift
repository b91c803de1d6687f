import DequeModule
import Kernel
import Synchronization
import Tenancy

/// One client that listens: what it may see, what it listens to, and what waits for it.
///
/// Publishers put events into its queue and never wait; when the queue is full they replace it by a snapshot. One
/// reader takes them out with ``next(limit:)``; while it waits for more, events may pass it by, see ``deliver(by:)``.
package final class RealtimeConnection: Sendable {
    package enum Transport: String, Sendable { case webSocket = "websocket", eventStream = "sse" }

    /// Why the hub ends a connection.
    package enum Ending: String, Sendable, Error {
        /// The session or key behind it is no longer valid.
        case revoked
        /// The server is going away; the client should come back.
        case shutdown
        /// The client keeps asking and does not read the answers.
        case unread
        /// The reader is gone.
        case abandoned
    }

    /// Why events are missing and a snapshot takes their place.
    package enum Gap: String, Sendable {
        case slowConsumer = "slow-consumer"
        case resumeTooOld = "resume-too-old"
        case unknownEpoch = "unknown-epoch"
    }

    package enum Message: Sendable {
        case event(SequencedEvent)
        /// An answer to the client, in its place among the events.
        case answer([UInt8])
        /// Events up to `sequence` are left out: the client is to be told how things stand now.
        case snapshot(Gap, sequence: Int64)
    }

    package let id: String
    package let transport: Transport
    package let principal: Principal
    package let organizationID: OrganizationID
    package let connectedAt: Timestamp
    let kinds: VisibleKinds

    private struct Queue {
        var messages = Deque<Message>()
        var eventCount = 0
        var byteCount = 0
        var answerCount = 0
        var waiter: CheckedContinuation<Void, Never>?
        var deliver: (@Sendable (SequencedEvent) -> Bool)?
        var ending: Ending?
        /// The latest event offered: an event that belongs to several topics is taken once.
        var latestOffered: Int64 = .min
        var delivered = 0
        var snapshots = 0
    }
    private let queue = Mutex(Queue())
    private let eventLimit: Int
    private let byteLimit: Int

    init(
        id: String, transport: Transport, principal: Principal, organizationID: OrganizationID, connectedAt: Timestamp,
        limits: RealtimeLimits
    ) {
        self.id = id
        self.transport = transport
        self.principal = principal
        self.organizationID = organizationID
        self.connectedAt = connectedAt
        kinds = VisibleKinds(principal.permissions)
        eventLimit = limits.queuedEvents
        byteLimit = limits.queuedBytes
    }

    /// Lets events go straight to the client while nothing waits before them, so that most never wake the reader.
    ///
    /// `body` hands an event to the client's socket without waiting and says whether the socket took it; what it does not
    /// take is left to the reader. It runs on the publisher's thread and must not call the connection.
    package func deliver(by body: @escaping @Sendable (SequencedEvent) -> Bool) {
        queue.withLock { $0.deliver = body }
    }

    /// Called by the publisher, in the order of the sequence.
    func offer(_ event: SequencedEvent) {
        guard kinds.contains(event.event.kind) else { return }
        let waiter: CheckedContinuation<Void, Never>? = queue.withLock { queue in
            guard queue.ending == nil, queue.latestOffered < event.sequence else { return nil }
            queue.latestOffered = event.sequence
            // A reader that waits has sent all that came before: the event cannot overtake anything.
            if queue.waiter != nil, queue.messages.isEmpty, queue.deliver?(event) == true {
                queue.delivered += 1
                return nil
            }
            if queue.eventCount == eventLimit || queue.byteCount + event.bytes.count > byteLimit {
                Self.replaceEvents(in: &queue, by: .snapshot(.slowConsumer, sequence: event.sequence))
            } else {
                queue.messages.append(.event(event))
                queue.eventCount += 1
                queue.byteCount += event.bytes.count
            }
            return queue.waiter.take()
        }
        waiter?.resume()
    }

    /// Puts an answer behind the events that were published before it. Answers are never dropped: a client that lets too
    /// many wait is ended.
    func answer(_ bytes: [UInt8]) {
        enqueue { queue in
            queue.messages.append(.answer(bytes))
            queue.answerCount += 1
            guard queue.answerCount > Self.answerLimit else { return }
            queue.ending = .unread
            queue.messages.removeAll()
        }
    }

    private static let answerLimit = 256

    /// Sends a sign of life, unless there is something to be sent anyway.
    package func beat(_ bytes: [UInt8]) {
        if queue.withLock({ $0.messages.isEmpty }) { answer(bytes) }
    }

    func tellSnapshot(_ gap: Gap, sequence: Int64) {
        enqueue { Self.replaceEvents(in: &$0, by: .snapshot(gap, sequence: sequence)) }
    }

    /// Ends the connection: the reader gets what waits for it no more.
    package func end(_ ending: Ending) {
        enqueue { queue in
            queue.ending = ending
            queue.messages.removeAll()
        }
    }

    private func enqueue(_ change: (inout Queue) -> Void) {
        let waiter: CheckedContinuation<Void, Never>? = queue.withLock { queue in
            guard queue.ending == nil else { return nil }
            change(&queue)
            return queue.waiter.take()
        }
        waiter?.resume()
    }

    private static func replaceEvents(in queue: inout Queue, by snapshot: Message) {
        queue.messages.removeAll { message in
            if case .answer = message { false } else { true }
        }
        queue.messages.append(snapshot)
        queue.eventCount = 0
        queue.byteCount = 0
        queue.snapshots += 1
    }

    /// Waits until there is something for the client and takes it, at most `limit` messages. One caller at a time.
    /// - Throws: the ``Ending`` when the connection is over; a cancelled task gets `abandoned`.
    package func next(limit: Int = 64) async throws(Ending) -> [Message] {
        while true {
            let taken: Result<[Message], Ending> = queue.withLock { queue in
                if let ending = queue.ending { return .failure(ending) }
                return .success(Self.take(from: &queue, limit: limit))
            }
            let messages = try taken.get()
            if !messages.isEmpty { return messages }
            await waitForMessages()
        }
    }

    /// What is there now, without waiting; empty when nothing is or the connection is over.
    package func takeWaiting(limit: Int = 64) -> [Message] {
        queue.withLock { Self.take(from: &$0, limit: limit) }
    }

    private static func take(from queue: inout Queue, limit: Int) -> [Message] {
        let messages = Array(queue.messages.prefix(limit))
        queue.messages.removeFirst(messages.count)
        for message in messages {
            switch message {
            case .event(let event):
                queue.eventCount -= 1
                queue.byteCount -= event.bytes.count
                queue.delivered += 1
            case .answer: queue.answerCount -= 1
            case .snapshot: break
            }
        }
        return messages
    }

    private func waitForMessages() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = queue.withLock { queue in
                    if !queue.messages.isEmpty || queue.ending != nil { return true }
                    queue.waiter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            end(.abandoned)
        }
    }

    /// How the connection is doing, for the list of connections.
    package struct Progress: Sendable {
        package let queued: Int
        package let delivered: Int
        package let snapshots: Int
    }

    package var progress: Progress {
        queue.withLock { Progress(queued: $0.eventCount, delivered: $0.delivered, snapshots: $0.snapshots) }
    }

    package var ending: Ending? { queue.withLock { $0.ending } }
}
