import DequeModule
import Synchronization

/// The bytes of a COPY OUT, in chunks of whole rows of about 64 kB. For one reader, once.
package final class PostgresCopyStream: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = PostgresError

    private let channel: PostgresCopyChannel

    init(_ channel: PostgresCopyChannel) { self.channel = channel }

    deinit { channel.close() }

    package func makeAsyncIterator() -> Iterator { Iterator(stream: self, channel: channel) }

    package struct Iterator: AsyncIteratorProtocol {
        // Keeps the stream, whose end closes the connection.
        private let stream: PostgresCopyStream
        private let channel: PostgresCopyChannel

        fileprivate init(stream: PostgresCopyStream, channel: PostgresCopyChannel) {
            self.stream = stream
            self.channel = channel
        }

        package mutating func next() async throws(PostgresError) -> [UInt8]? { try await channel.next() }

        package mutating func next(isolation actor: isolated (any Actor)?) async throws(PostgresError) -> [UInt8]? {
            try await channel.next()
        }
    }
}

/// The bounded buffer between the loop and the reader of a COPY.
final class PostgresCopyChannel: Sendable {
    private enum End {
        case open
        case closedByConsumer
        case finished(PostgresError?)
    }

    private struct State {
        var chunks = Deque<[UInt8]>()
        var byteCount = 0
        /// The loop has stopped reading for want of room.
        var isPaused = false
        var end = End.open
        var reader: UnsafeContinuation<Void, Never>?
    }

    private enum Step {
        case chunk([UInt8], resumes: Bool)
        case end(PostgresError?)
        case empty
    }

    static let highWater = 512 * 1_024
    static let lowWater = 128 * 1_024

    let statement: SQL
    let preamble: [SQL]
    private let loop: PostgresLoop
    private let state = Mutex(State())

    init(statement: SQL, preamble: [SQL], loop: PostgresLoop) {
        self.statement = statement
        self.preamble = preamble
        self.loop = loop
    }

    // MARK: The loop's side

    /// False stops the loop until the reader has caught up, which `copyChanged` says.
    func hasRoom() -> Bool {
        state.withLock { state in
            state.isPaused = state.byteCount >= Self.highWater
            return !state.isPaused
        }
    }

    func offer(_ chunk: [UInt8]) {
        if chunk.isEmpty { return }
        let reader = state.withLock { state in
            state.chunks.append(chunk)
            state.byteCount += chunk.count
            return state.reader.take()
        }
        reader?.resume()
    }

    func finish(_ error: PostgresError?) {
        let reader = state.withLock { state in
            if case .open = state.end { state.end = .finished(error) }
            return state.reader.take()
        }
        reader?.resume()
    }

    var isClosedByConsumer: Bool {
        state.withLock { if case .closedByConsumer = $0.end { true } else { false } }
    }

    // MARK: The reader's side

    func next() async throws(PostgresError) -> [UInt8]? {
        while true {
            if Task.isCancelled { close() }
            switch take() {
            case .chunk(let chunk, let resumes):
                if resumes { loop.post(.copyChanged(self)) }
                return chunk
            case .end(nil): return nil
            case .end(let error?): throw error
            case .empty: await waitForChange()
            }
        }
    }

    private func take() -> Step {
        state.withLock { state in
            if case .closedByConsumer = state.end { return .end(.cancelled) }
            if let chunk = state.chunks.popFirst() {
                state.byteCount -= chunk.count
                let resumes = state.isPaused && state.byteCount < Self.lowWater
                if resumes { state.isPaused = false }
                return .chunk(chunk, resumes: resumes)
            }
            if case .finished(let error) = state.end { return .end(error) }
            return .empty
        }
    }

    private func waitForChange() async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
                let resumesNow = state.withLock { state in
                    guard state.chunks.isEmpty, case .open = state.end else { return true }
                    state.reader = continuation
                    return false
                }
                if resumesNow { continuation.resume() }
            }
        } onCancel: {
            close()
        }
    }

    /// The reader is gone; the connection is closed, which stops the server.
    func close() {
        let (isNew, reader) = state.withLock { state in
            guard case .open = state.end else { return (false, state.reader.take()) }
            state.end = .closedByConsumer
            state.chunks.removeAll()
            return (true, state.reader.take())
        }
        reader?.resume()
        if isNew { loop.post(.copyChanged(self)) }
    }
}
