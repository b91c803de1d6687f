import Alarms
import Kernel
import Logging
import Persistence
import PostgresClient
import Synchronization
import Telemetry

/// One of the in-process queues that all messages go through. A source belongs to one lane, so its messages keep their
/// order and nothing is shared: the lane reads what it must know, decides in memory, stores everything that it decided in
/// one statement, and only then tells those who wait.
///
/// What it keeps of a source is the committed state. When a statement fails, it forgets the sources concerned and begins
/// again from what is stored, so that nothing is lost, doubled or half done.
actor Lane {
    nonisolated let inbox: LaneInbox
    let settings: PipelineSettings
    let statements: IngestStatements
    let publisher: LivePublisher
    let clock: any WallClock
    let logger: Logger
    let counters: PipelineCounters

    var sources: SourceCache
    private var profiles: [SourcePlace: SourceProfile] = [:]
    private static let keptProfiles = 10_000
    let commit = GroupCommit()
    /// Counts the decisions, so that a source knows whether this one has met it already.
    var decision = 0

    init(
        settings: PipelineSettings, statements: IngestStatements, publisher: LivePublisher, clock: any WallClock,
        logger: Logger, counters: PipelineCounters
    ) {
        self.settings = settings
        self.statements = statements
        self.publisher = publisher
        self.clock = clock
        self.logger = logger
        self.counters = counters
        inbox = LaneInbox(capacity: settings.waitingMessagesPerLane)
        sources = SourceCache(capacity: settings.cachedSourcesPerLane)
    }

    /// Works until the inbox is closed and empty.
    func run() async {
        while let intake = await inbox.next(limit: settings.messagesPerCommit) {
            if !intake.stale.isEmpty { forget(intake.stale) }
            if !intake.deliveries.isEmpty { await settle(intake.deliveries) }
        }
    }

    private func forget(_ stale: StaleKnowledge) {
        if stale.isEverything {
            sources.forgetAll()
            profiles.removeAll()
        } else {
            sources.forget(where: stale.concerns)
        }
    }

    // MARK: - From deliveries to messages

    private func settle(_ deliveries: [Delivery]) async {
        var work = LaneWork(deliveries)
        await settle(&work, 0..<work.messages.count, until: .now + settings.commitDeadline)
        work.tellAll()
    }

    /// Stores a run of messages, however often that takes. Halves it when something in it can never be stored.
    private func settle(_ work: inout LaneWork, _ range: Range<Int>, until deadline: ContinuousClock.Instant) async {
        var attempt = 0
        while !range.isEmpty {
            do {
                let (fresh, rules) = (attempt == 0, try await readBooks(work.deliveries))
                try await readSources(work, range)
                decide(&work, range, rules: rules, mayBeFresh: fresh)
                guard commit.messageCount > 0 else { return }
                let answer = try await statements.ingest(commit)
                conclude(&work, range, answer)
                return
            } catch {
                forgetSources(work, range)
                counters.failures.add(1, ordering: .relaxed)
                let failure = (error as? PostgresError).map { CommitFailure($0, attempt: attempt) } ?? .transient
                switch failure {
                case .poison(let reason) where range.count == 1:
                    if await putAside(&work, range.lowerBound, reason: reason, attempts: attempt + 1) { return }
                case .poison:
                    let middle = range.lowerBound + range.count / 2
                    await settle(&work, range.lowerBound..<middle, until: deadline)
                    await settle(&work, middle..<range.upperBound, until: deadline)
                    return
                case .stale: forgetRules(work)
                case .transient:
                    let pause = Self.pause(before: attempt)
                    logger.warning("measurements are not stored yet", metadata: ["error": "\(error)"])
                    guard .now + pause < deadline else { return giveUp(&work, range, error) }
                    try? await Task.sleep(for: pause)
                }
                attempt += 1
            }
        }
    }

    /// 20 ms, doubling up to a second, half of it by chance, so that lanes do not come back together.
    static func pause(before attempt: Int) -> Duration {
        let longest = min(20 << min(attempt, 6), 1_000)
        return .milliseconds(longest / 2 + Int.random(in: 0...longest / 2))
    }

    private func giveUp(_ work: inout LaneWork, _ range: Range<Int>, _ error: any Error) {
        let failure = ServiceError(
            .unavailable, "The measurements could not be stored in time. Send them again: none is counted twice.",
            retryAfter: 2, cause: error)
        for index in range { work.fail(work.messages[index].delivery, with: failure) }
    }

    private func putAside(_ work: inout LaneWork, _ index: Int, reason: String, attempts: Int) async -> Bool {
        let message = work.messages[index]
        let submission = work.deliveries[Int(message.delivery)].submission
        do {
            try await statements.deadLetter(
                source: message.source, origin: "\(submission.origin.name)", reason: "not_storable", detail: reason,
                payload: submission.batch.json(of: Int(message.message), time: Timestamp(milliseconds: message.time)),
                attempts: Int32(clamping: attempts))
            work.countDeadLetter(message.delivery)
            counters.deadLetters.add(1, ordering: .relaxed)
            logger.error("a message can never be stored: see the dead letters", metadata: ["error": "\(reason)"])
            return true
        } catch {
            return false
        }
    }

    // MARK: - Knowledge

    private func readBooks(_ deliveries: [Delivery]) async throws -> [RuleBook] {
        var books: [RuleBook] = []
        books.reserveCapacity(deliveries.count)
        for delivery in deliveries {
            let book = delivery.submission.book
            if let rules = book.rules {
                books.append(rules)
            } else {
                let generation = book.generation
                let rules = try await statements.rules(of: book.id)
                for id in rules.unreadable {
                    logger.error("an alarm rule cannot be read and is left out", metadata: ["rule": "\(id)"])
                }
                book.keep(rules, readIn: generation)
                books.append(rules)
            }
        }
        return books
    }

    private func readSources(_ work: LaneWork, _ range: Range<Int>) async throws {
        var missing: Set<Int32> = []
        for index in range {
            let source = work.messages[index].source
            if sources.find(source) == nil { missing.insert(source) }
        }
        guard !missing.isEmpty else { return }
        for loaded in try await statements.load(Array(missing)) {
            // Whatever rules that place had last: the decision moves the source to the present ones.
            let profile = profiles[loaded.place] ?? SourceProfile(place: loaded.place, rules: nil)
            sources.keep(SourceState(loaded, profile: profile))
        }
        counters.loadedSources.add(missing.count, ordering: .relaxed)
    }

    private func forgetSources(_ work: LaneWork, _ range: Range<Int>) {
        for index in range { sources.forget(work.messages[index].source) }
    }

    private func forgetRules(_ work: LaneWork) {
        for delivery in work.deliveries { delivery.submission.book.forgetRules() }
    }

    /// The profile of that place under these rules. Devices without rules of their own share one.
    func profile(at place: SourcePlace, rules: RuleBook?) -> SourceProfile {
        if let known = profiles[place], known.rules === rules { return known }
        if profiles.count >= Self.keptProfiles { profiles.removeAll() }
        let profile = SourceProfile(place: place, rules: rules)
        profiles[place] = profile
        return profile
    }
}
