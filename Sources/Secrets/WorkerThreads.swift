import Glibc
import Synchronization

/// A few threads of our own for work that would hold a cooperative thread for tens of milliseconds, behind a bounded queue.
///
/// Work is done in the order it was given. Work whose task is cancelled while it waits is not begun.
package final class WorkerThreads: Sendable {
    private let queue: WorkQueue

    /// - Parameters:
    ///   - count: how many pieces of work run at once.
    ///   - queueLimit: how many may wait; one more is refused with `SecretsError.overloaded`.
    ///   - niceness: lowers the threads' priority (0 to 19), so that a flood of work does not starve the event loops.
    package init(count: Int, queueLimit: Int, niceness: Int32 = 5) {
        queue = WorkQueue(limit: queueLimit)
        for _ in 0..<count { queue.startThread(niceness: niceness) }
    }

    deinit { queue.stop() }

    /// How many pieces of work wait now.
    package var waiting: Int { queue.count }

    /// Runs `work` on one of the threads.
    /// - Throws: `overloaded` at once when the queue is full, `cancelled` when the task was cancelled before the work began.
    package func run<Value: Sendable>(
        _ work: @escaping @Sendable () -> Result<Value, SecretsError>
    ) async throws(SecretsError) -> Value {
        let isCancelled = CancellationMark()
        let result: Result<Value, SecretsError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let accepted = queue.add {
                    continuation.resume(returning: isCancelled.isSet ? .failure(.cancelled) : work())
                }
                if !accepted { continuation.resume(returning: .failure(.overloaded)) }
            }
        } onCancel: {
            isCancelled.set()
        }
        return try result.get()
    }
}

private final class CancellationMark: Sendable {
    private let flag = Atomic(false)
    var isSet: Bool { flag.load(ordering: .relaxed) }
    func set() { flag.store(true, ordering: .relaxed) }
}

/// A queue that threads wait on.
///
/// Unchecked, because the compiler cannot see that `jobs`, `stopped` and the two primitives are only touched between lock
/// and unlock of `mutex`, and that the primitives are freed in `deinit`, when no thread holds a reference any more.
private final class WorkQueue: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let limit: Int
    private var jobs: [@Sendable () -> Void] = []
    private var head = 0
    private var stopped = false

    init(limit: Int) {
        self.limit = limit
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    var count: Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return jobs.count - head
    }

    func add(_ job: @escaping @Sendable () -> Void) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard jobs.count - head < limit, !stopped else { return false }
        if head > limit {
            jobs.removeFirst(head)
            head = 0
        }
        jobs.append(job)
        pthread_cond_signal(condition)
        return true
    }

    /// Ends the threads after the work that already waits.
    func stop() {
        pthread_mutex_lock(mutex)
        stopped = true
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    private func next() -> (@Sendable () -> Void)? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while jobs.count == head {
            if stopped { return nil }
            pthread_cond_wait(condition, mutex)
        }
        let job = jobs[head]
        jobs[head] = {}
        head += 1
        return job
    }

    func startThread(niceness: Int32) {
        let start = ThreadStart(queue: self, niceness: niceness)
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
                // On Linux "process 0" is the calling thread. A refusal costs fairness only.
                _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, start.niceness)
                while let job = start.queue.next() { job() }
                return nil
            }, Unmanaged.passRetained(start).toOpaque())
        precondition(failure == 0, "the system refuses another thread: \(failure)")
        pthread_detach(thread)
    }
}

private final class ThreadStart: Sendable {
    let queue: WorkQueue
    let niceness: Int32

    init(queue: WorkQueue, niceness: Int32) {
        self.queue = queue
        self.niceness = niceness
    }
}
