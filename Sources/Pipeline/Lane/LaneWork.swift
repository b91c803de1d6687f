import Kernel
import Telemetry

/// One message in a lane: where it came from, whose it is, when it was measured.
struct LaneMessage {
    /// Position among the lane's deliveries.
    let delivery: Int32
    /// Position in the submission's batch.
    let message: Int32
    /// Position among the keysets of its shape.
    let part: Int32
    let source: Int32
    /// Unix milliseconds; `unset` until the lane gives it one.
    var time: Int64

    static let unset = Int64.min
}

/// What a lane took out of its inbox, flattened, and what became of each delivery.
struct LaneWork {
    let deliveries: [Delivery]
    var messages: [LaneMessage] = []
    private var receipts: [IngestReceipt]
    private var failures: [ServiceError?]

    init(_ deliveries: [Delivery]) {
        self.deliveries = deliveries
        receipts = Array(repeating: IngestReceipt(), count: deliveries.count)
        failures = Array(repeating: nil, count: deliveries.count)
        messages.reserveCapacity(deliveries.reduce(0) { $0 + $1.count })
        for (position, delivery) in deliveries.enumerated() {
            receipts[position].accepted = delivery.count
            let submission = delivery.submission
            if let chosen = delivery.messages {
                for index in chosen { append(submission, Int(index), delivery: position) }
            } else {
                for index in submission.batch.messages.indices { append(submission, index, delivery: position) }
            }
        }
    }

    private mutating func append(_ submission: Submission, _ index: Int, delivery: Int) {
        let message = submission.batch.messages[index]
        let source = submission.source(of: message)
        for part in submission.shapes[Int(message.shape)].keysets.indices {
            messages.append(
                LaneMessage(
                    delivery: Int32(truncatingIfNeeded: delivery), message: Int32(truncatingIfNeeded: index),
                    part: Int32(truncatingIfNeeded: part), source: source,
                    time: message.time?.milliseconds ?? LaneMessage.unset))
        }
    }

    mutating func fail(_ delivery: Int32, with error: ServiceError) { failures[Int(delivery)] = error }
    mutating func countDuplicate(_ delivery: Int32) { receipts[Int(delivery)].duplicates += 1 }
    mutating func countDeadLetter(_ delivery: Int32) {
        receipts[Int(delivery)].accepted -= 1
        receipts[Int(delivery)].deadLetters += 1
    }

    /// Tells all who wait.
    func tellAll() {
        for (position, delivery) in deliveries.enumerated() {
            delivery.submission.finish(receipts[position], failure: failures[position])
        }
    }
}
