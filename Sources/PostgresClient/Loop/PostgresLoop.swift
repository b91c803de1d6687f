import CPostgres
import DequeModule
import Glibc
import Logging
import Synchronization

/// A connection on its way from the thread that began it to the loop.
/// Unchecked: it has exactly one owner at a time.
struct NewConnection: @unchecked Sendable { let pointer: OpaquePointer? }

/// What other threads tell the loop.
enum LoopMessage: Sendable {
    case warmUp
    case request(PostgresRequest)
    case cancel(PostgresRequest)
    /// The cancel request for this link has been delivered.
    case cancelDelivered(UInt64)
    case connectionStarted(UInt64, NewConnection)
    case listen(PostgresSubscription)
    case unlisten(PostgresSubscription)
    case copy(PostgresCopyChannel)
    /// The consumer has room again, or is gone.
    case copyChanged(PostgresCopyChannel)
    case shutdown(grace: UInt64, @Sendable () -> Void)
}

/// One thread and one epoll for all connections. Requests come in by a locked queue and an eventfd that is written only
/// when the thread sleeps; results leave by resuming continuations.
///
/// Unchecked: `inbox` is a mutex and `statistics` atomic; everything under "confined" is touched only by the thread that
/// runs `run()`.
final class PostgresLoop: @unchecked Sendable {
    struct Inbox {
        var messages: [LoopMessage] = []
        var isAsleep = false
        var isStarted = false
        var isClosed = false
    }

    private let inbox = Mutex(Inbox())
    let configuration: PostgresConfiguration
    let logger: Logger
    let notices: PostgresNotices
    let statistics = PostgresCounters()
    private let poll: Int32
    private let wakeUp: Int32
    private static let wakeUpToken = UInt64.max

    // Confined to the thread.
    var links: [UInt64: PostgresLink] = [:]
    var wires: [PostgresWire] = []
    var waiting = Deque<PostgresRequest>()
    var subscriptions: [PostgresSubscription] = []
    var copies: [PostgresCopier] = []
    var now: UInt64 = 0
    var nextToken: UInt64 = 0
    var connectFailures = 0
    var connectsAfter: UInt64 = 0
    var lastConnectError = "not tried yet"
    private var checkedAt: UInt64 = 0
    private var shutdownUntil: UInt64?
    private var shutdownWaiters: [@Sendable () -> Void] = []

    init(configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        notices = PostgresNotices(logger: logger)
        poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeUp = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data(u64: Self.wakeUpToken))
        epoll_ctl(poll, EPOLL_CTL_ADD, wakeUp, &event)
    }

    deinit {
        close(wakeUp)
        close(poll)
    }

    // MARK: From any thread

    func submit(_ request: PostgresRequest) {
        if !post(.request(request)) { request.fail(.shutdown) }
    }

    /// False: the loop has ended. The first message starts the thread.
    @discardableResult
    func post(_ message: LoopMessage) -> Bool {
        let (isAccepted, wakes, starts) = inbox.withLock { inbox -> (Bool, Bool, Bool) in
            if inbox.isClosed { return (false, false, false) }
            inbox.messages.append(message)
            defer {
                inbox.isAsleep = false
                inbox.isStarted = true
            }
            return (true, inbox.isAsleep, !inbox.isStarted)
        }
        if starts, !detachThread({ self.run() }) {
            for message in inbox.withLock({ Self.drain(&$0) }) { refuse(message) }
            return true
        }
        if wakes {
            var one: UInt64 = 1
            _ = write(wakeUp, &one, 8)
        }
        return isAccepted
    }

    private static func drain(_ inbox: inout Inbox) -> [LoopMessage] {
        inbox.isClosed = true
        defer { inbox.messages = [] }
        return inbox.messages
    }

    /// A message that came too late.
    private func refuse(_ message: LoopMessage) {
        switch message {
        case .request(let request): request.fail(.shutdown)
        case .listen(let subscription): subscription.end()
        case .copy(let channel): channel.finish(.shutdown)
        case .connectionStarted(_, let new): new.pointer.map { PQfinish($0) }
        case .shutdown(_, let done): done()
        case .warmUp, .cancel, .cancelDelivered, .unlisten, .copyChanged: break
        }
    }

    // MARK: The thread

    private func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        var messages: [LoopMessage] = []
        now = monotonicMilliseconds()
        while true {
            let isIdle = inbox.withLock { inbox in
                swap(&messages, &inbox.messages)
                inbox.isAsleep = messages.isEmpty
                return messages.isEmpty
            }
            for message in messages { handle(message) }
            messages.removeAll(keepingCapacity: true)
            dispatch()
            if isFinished { return end() }
            publishStatistics()

            let count = epoll_wait(poll, &events, Int32(events.count), isIdle ? sleepingTime : 0)
            inbox.withLock { $0.isAsleep = false }
            now = monotonicMilliseconds()
            for index in 0..<max(0, Int(count)) { serve(token: events[index].data.u64) }
            if now >= checkedAt + 20 {
                checkedAt = now
                checkDeadlines()
            }
        }
    }

    /// Milliseconds until a deadline may have to be looked at; −1: only an event can bring work.
    private var sleepingTime: Int32 {
        if links.values.contains(where: { $0.isConnecting }) || !waiting.isEmpty || shutdownUntil != nil { return 25 }
        if wires.contains(where: { $0.inFlight > 0 }) || !copies.isEmpty { return 250 }
        return subscriptions.contains { $0.needsAttention } ? 25 : -1
    }

    private func serve(token: UInt64) {
        if token == Self.wakeUpToken {
            var value: UInt64 = 0
            _ = read(wakeUp, &value, 8)
            return
        }
        guard let link = links[token] else { return }
        if case .connecting = link.phase {
            link.pollConnection()
            // libpq may have opened another socket under the same number.
            link.registered.descriptor = -1
            if link.isReady { didConnect(link) }
        } else {
            link.service()
        }
        afterService(link)
    }

    /// Tells epoll what a link waits for.
    func watch(_ link: PostgresLink) {
        let descriptor = link.descriptor
        let events = link.wantedEvents
        guard descriptor >= 0, link.registered != (descriptor, events) else { return }
        var event = epoll_event(events: events, data: epoll_data(u64: link.token))
        let operation = link.registered.descriptor == descriptor ? EPOLL_CTL_MOD : EPOLL_CTL_ADD
        if epoll_ctl(poll, operation, descriptor, &event) != 0, errno == EEXIST {
            epoll_ctl(poll, EPOLL_CTL_MOD, descriptor, &event)
        }
        link.registered = (descriptor, events)
    }

    private func handle(_ message: LoopMessage) {
        switch message {
        case .warmUp: if wires.isEmpty { openWire() }
        case .request(let request): admit(request)
        case .cancel(let request): cancel(request)
        case .cancelDelivered(let token): resumeSending(token)
        case .connectionStarted(let token, let new): connectionStarted(token, new.pointer)
        case .listen(let subscription):
            if shutdownUntil != nil { return subscription.end() }
            subscriptions.append(subscription)
            openListener(for: subscription)
        case .unlisten(let subscription): closeListener(of: subscription)
        case .copy(let channel):
            if shutdownUntil != nil { return channel.finish(.shutdown) }
            openCopier(for: channel)
        case .copyChanged(let channel): copyChanged(channel)
        case .shutdown(let grace, let done):
            shutdownWaiters.append(done)
            if shutdownUntil == nil { beginShutdown(grace: grace) }
        }
    }

    // MARK: The end

    var isShuttingDown: Bool { shutdownUntil != nil }

    private func beginShutdown(grace: UInt64) {
        shutdownUntil = now + grace
        while let request = waiting.popFirst() { request.fail(.shutdown) }
        for subscription in subscriptions { closeListener(of: subscription) }
    }

    private var isFinished: Bool {
        guard let shutdownUntil else { return false }
        let isQuiet = wires.allSatisfy { $0.inFlight == 0 && $0.lease == nil } && copies.isEmpty
        return isQuiet || now >= shutdownUntil
    }

    private func end() {
        for wire in wires {
            wire.abandon()
        }
        for copier in copies { copier.channel.finish(.shutdown) }
        wires = []
        copies = []
        links = [:]
        publishStatistics()
        for message in inbox.withLock({ Self.drain(&$0) }) { refuse(message) }
        for done in shutdownWaiters { done() }
    }
}
