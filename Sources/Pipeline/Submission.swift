import Kernel
import Synchronization
import Telemetry

/// What became of the messages of a request.
package struct IngestReceipt: Hashable, Sendable {
    /// All of them are on disk, or were before.
    package var accepted = 0
    /// How many of these were there already.
    package var duplicates = 0
    /// How many could not be stored and wait among the dead letters.
    package var deadLetters = 0

    package init(accepted: Int = 0, duplicates: Int = 0, deadLetters: Int = 0) {
        self.accepted = accepted
        self.duplicates = duplicates
        self.deadLetters = deadLetters
    }
}

/// One request on its way through the lanes, and the one who waits for it: one suspension for all of its messages.
final class Submission: Sendable {
    let batch: MessageBatch
    /// Runs parallel to the batch's shapes.
    let shapes: [StoredShape]
    /// Runs parallel to the batch's devices; a single one when the credential names the device.
    let sources: [Int32]
    let book: OrganizationBook
    let receivedAt: Timestamp
    let origin: MessageOrigin

    private struct Progress {
        var lanesLeft: Int
        var receipt = IngestReceipt()
        var failure: ServiceError?
        var waiter: CheckedContinuation<Void, Never>?
        var isCancelled = false
    }
    private let progress: Mutex<Progress>

    init(
        batch: MessageBatch, shapes: [StoredShape], sources: [Int32], book: OrganizationBook, receivedAt: Timestamp,
        origin: MessageOrigin, lanes: Int
    ) {
        self.batch = batch
        self.shapes = shapes
        self.sources = sources
        self.book = book
        self.receivedAt = receivedAt
        self.origin = origin
        progress = Mutex(Progress(lanesLeft: lanes))
    }

    func source(of message: MessageBatch.Message) -> Int32 { sources[message.device < 0 ? 0 : Int(message.device)] }

    /// One lane has settled its share.
    func finish(_ receipt: IngestReceipt, failure: ServiceError?) {
        let waiter: CheckedContinuation<Void, Never>? = progress.withLock { progress in
            progress.receipt.accepted += receipt.accepted
            progress.receipt.duplicates += receipt.duplicates
            progress.receipt.deadLetters += receipt.deadLetters
            if progress.failure == nil { progress.failure = failure }
            progress.lanesLeft -= 1
            return progress.lanesLeft == 0 ? progress.waiter.take() : nil
        }
        waiter?.resume()
    }

    /// Waits for all lanes. A cancelled task stops waiting; its messages go their way all the same.
    func wait() async throws -> IngestReceipt {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = progress.withLock { progress in
                    if progress.lanesLeft == 0 || progress.isCancelled { return true }
                    progress.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = progress.withLock { progress in
                progress.isCancelled = true
                return progress.waiter.take()
            }
            waiter?.resume()
        }
        let (lanesLeft, receipt, failure) = progress.withLock { ($0.lanesLeft, $0.receipt, $0.failure) }
        if lanesLeft > 0 { throw CancellationError() }
        if let failure { throw failure }
        return receipt
    }
}

/// A lane's share of a submission.
struct Delivery: Sendable {
    let submission: Submission
    /// Positions in the batch; nil: all messages.
    let messages: [Int32]?

    var count: Int { messages?.count ?? submission.batch.messages.count }
}
