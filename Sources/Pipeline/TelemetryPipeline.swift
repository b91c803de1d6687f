import Alarms
import FoundationEssentials
import Kernel
import Logging
import Persistence
import PostgresClient
import Realtime
import Synchronization
import Telemetry

/// The way of every measurement from its decoded message to the disk (architecture.md, "The way of a measurement").
///
/// ``submit(_:from:in:origin:)`` returns when all messages of a request are committed: acknowledged means on disk.
package final class TelemetryPipeline: Sendable {
    package let counters = PipelineCounters()
    private let lanes: [Lane]
    private let books = OrganizationBooks()
    private let statements: IngestStatements
    private let clock: any WallClock
    private let commitDeadline: Duration

    /// - Parameter hub: is told what was committed; nil when nobody can listen.
    package init(
        database: IngestDatabase, hub: RealtimeHub? = nil, settings: PipelineSettings = PipelineSettings(),
        clock: any WallClock = SystemClock(), logger: Logger
    ) {
        let statements = IngestStatements(database: database)
        self.statements = statements
        self.clock = clock
        commitDeadline = settings.commitDeadline
        let counters = self.counters
        lanes = (0..<max(settings.lanes, 1)).map { number in
            var logger = logger
            logger[metadataKey: "lane"] = "\(number)"
            return Lane(
                settings: settings, statements: statements, publisher: LivePublisher(hub: hub), clock: clock,
                logger: logger, counters: counters)
        }
    }

    /// Works until ``shutDown()``, and then until everything that was taken is committed.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            for lane in lanes { group.addTask { await lane.run() } }
        }
    }

    /// Takes nothing more; what was taken is still committed, and `run()` then returns.
    package func shutDown() {
        for lane in lanes { lane.inbox.close() }
    }

    /// Forgets what became stale.
    package func forget(_ invalidation: Invalidation) {
        switch invalidation {
        case .everything: books.forgetAllRules()
        case .one(.alarmRule, let organizationID?, _): books.known(organizationID)?.forgetRules()
        case .one(.alarmRule, nil, _): books.forgetAllRules()
        case .one: break
        }
        let stale = StaleKnowledge(invalidation)
        guard !stale.isEmpty else { return }
        for lane in lanes { lane.inbox.tell(stale) }
    }

    /// Messages that wait in front of the lanes.
    package var waitingMessages: Int { lanes.reduce(0) { $0 + $1.inbox.waitingMessages } }

    /// Stores the messages of one request and judges them by the alarm rules.
    ///
    /// Repeating a request has no second effect, as long as its messages bring their times.
    ///
    /// - Parameters:
    ///   - sources: the sources of the batch's devices, in their order; a single one when the credential names it.
    ///   - organizationID: theirs, as the caller has established. A source of another one is refused as unknown.
    /// - Throws: ``ServiceError``: `unavailable` when a lane is full or the commit did not succeed in time (then it may have
    ///   happened all the same, and repeating it is safe), `quota-exceeded` for too many datapoint names, `not-found` for a
    ///   source that is gone; `CancellationError` for a cancelled task, whose messages go their way all the same.
    package func submit(
        _ batch: MessageBatch, from sources: [SourceNumber], in organizationID: OrganizationID, origin: MessageOrigin
    ) async throws -> IngestReceipt {
        guard let firstSource = sources.first, !batch.messages.isEmpty else { return IngestReceipt() }
        let book = books.book(organizationID)
        var shapes: [StoredShape] = []
        shapes.reserveCapacity(batch.shapes.count)
        for (index, shape) in batch.shapes.enumerated() {
            let signature = batch.withSignature(of: shape) { ShapeSignature(names: $0, ends: $1) }
            if let known = book.shape(signature) {
                shapes.append(known)
            } else {
                let source =
                    batch.messages.first { Int($0.shape) == index && $0.device >= 0 }
                    .map { sources[Int($0.device)] } ?? firstSource
                shapes.append(try await allocate(batch, index, signature, source: source.rawValue, book))
            }
        }
        let shares = shares(of: batch, sources)
        for share in shares where !share.lane.inbox.hasRoom(for: share.messages?.count ?? batch.messages.count) {
            throw full()
        }
        let submission = Submission(
            batch: batch, shapes: shapes, sources: sources.map(\.rawValue), book: book, receivedAt: clock.now(),
            origin: origin, lanes: shares.count)
        for share in shares {
            switch share.lane.inbox.put(Delivery(submission: submission, messages: share.messages)) {
            case nil: break
            case .full: submission.finish(IngestReceipt(), failure: full())
            case .closed:
                let failure = ServiceError(
                    .unavailable, "This server is shutting down. Send the measurements again.", retryAfter: 1)
                submission.finish(IngestReceipt(), failure: failure)
            }
        }
        return try await submission.wait()
    }

    private func full() -> ServiceError {
        counters.refusals.add(1, ordering: .relaxed)
        return ServiceError(
            .unavailable, "More measurements arrive than can be stored at the moment. Send them again shortly.",
            retryAfter: 1)
    }

    // MARK: - Lanes

    private typealias Share = (lane: Lane, messages: [Int32]?)

    private func lane(of source: SourceNumber) -> Int {
        // Neighbouring numbers go to different lanes, and so do those of one organization (Fibonacci hashing).
        Int(((UInt32(bitPattern: source.rawValue) &* 2_654_435_769) >> 16) % UInt32(lanes.count))
    }

    private func shares(of batch: MessageBatch, _ sources: [SourceNumber]) -> [Share] {
        let laneOfDevice = sources.map(lane(of:))
        guard let first = laneOfDevice.first, laneOfDevice.contains(where: { $0 != first }) else {
            return [(lane: lanes[laneOfDevice.first ?? 0], messages: nil)]
        }
        var positions: [[Int32]] = Array(repeating: [], count: lanes.count)
        for (index, message) in batch.messages.enumerated() {
            positions[laneOfDevice[message.device < 0 ? 0 : Int(message.device)]].append(Int32(index))
        }
        return lanes.indices.filter { !positions[$0].isEmpty }.map { (lane: lanes[$0], messages: positions[$0]) }
    }

    // MARK: - Names

    private func allocate(
        _ batch: MessageBatch, _ index: Int, _ signature: ShapeSignature, source: Int32, _ book: OrganizationBook
    ) async throws -> StoredShape {
        let names = batch.names(of: batch.shapes[index])
        let kinds = batch.kinds(ofShape: index)
        let stored: StoredShape
        if let keyset = try await keyset(source: source, names: names, kinds: kinds) {
            stored = StoredShape(keysets: [Keyset(number: keyset.number, sent: keyset.keys)])
        } else {
            var keysets: [Keyset] = []
            for (position, name) in names.enumerated() {
                guard let one = try await keyset(source: source, names: [name], kinds: [kinds[position]]) else {
                    throw ServiceError(.internalError, "A single datapoint found no place among the sets.")
                }
                keysets.append(
                    Keyset(
                        number: one.number, keyNumbers: one.keys, sentPositions: [Int32(truncatingIfNeeded: position)]))
            }
            stored = StoredShape(keysets: keysets)
        }
        book.keep(stored, as: signature)
        return stored
    }

    /// The numbers of names and of their set; nil when the organization has too many sets for another one (RK002). Asking
    /// twice gives the same numbers, so a broken connection is no reason to give up.
    private func keyset(
        source: Int32, names: [String], kinds: [String]
    ) async throws -> (number: Int32, keys: [Int16])? {
        let deadline = ContinuousClock.now + commitDeadline
        var attempt = 0
        while true {
            do {
                guard let keyset = try await statements.keyset(source: source, names: names, kinds: kinds) else {
                    throw ServiceError.notFound("device")
                }
                return keyset
            } catch let error as PostgresError {
                if error.sqlState == "RK002" { return nil }
                let pause = Lane.pause(before: attempt)
                guard error.serverFault == nil || error.isRetryable, .now + pause < deadline else {
                    throw error.asPlatformError
                }
                try await Task.sleep(for: pause)
                attempt += 1
            }
        }
    }
}

extension MessageBatch {
    /// What the datapoints of a shape hold, by the first message that has it: `number`, `boolean`, `text` or `json`.
    func kinds(ofShape index: Int) -> [String] {
        guard let message = messages.first(where: { Int($0.shape) == index }) else { return [] }
        return valueRange(of: message).map { position in
            switch other(at: position) {
            case nil: "number"
            case .boolean: "boolean"
            case .text: "text"
            case .json: "json"
            }
        }
    }
}
