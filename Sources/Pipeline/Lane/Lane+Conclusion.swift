import Alarms
import Kernel
import Synchronization
import Telemetry

extension Lane {
    /// After the commit: counts what was there already, and tells who listens.
    func conclude(_ work: inout LaneWork, _ range: Range<Int>, _ answer: IngestAnswer) {
        counters.commits.add(1, ordering: .relaxed)
        counters.messages.add(commit.messageCount, ordering: .relaxed)
        counters.duplicates.add(answer.duplicates.count, ordering: .relaxed)
        if !answer.duplicates.isEmpty {
            for row in answer.duplicates where row >= 1 && Int(row) <= commit.positions.count {
                let message = work.messages[commit.positions[Int(row) - 1]]
                // A message that is stored in parts is one message.
                if message.part == 0 { work.countDuplicate(message.delivery) }
            }
        }
        publishMessages(work, range)
        for transition in commit.transitions {
            let isDone: Bool
            switch transition.change {
            case .raise(let raising, _): isDone = answer.raised.contains(raising.alarmID)
            case .clear(let id, _): isDone = answer.cleared.contains(id)
            case .occur: isDone = true
            }
            if isDone {
                publisher.publish(transition)
            } else {
                // The database's alarms are not what the lane believed: it reads them anew.
                sources.forget(transition.state.source)
            }
        }
        for presence in commit.seen where !presence.wasOnline { publisher.publish(presence) }
    }

    private func publishMessages(_ work: LaneWork, _ range: Range<Int>) {
        var heard: [OrganizationID: Bool] = [:]
        for index in range {
            let message = work.messages[index]
            let submission = work.deliveries[Int(message.delivery)].submission
            let isHeard = heard[submission.book.id] ?? publisher.isHeard(in: submission.book.id)
            heard[submission.book.id] = isHeard
            guard isHeard, message.part == 0, let state = sources.find(message.source) else { continue }
            publisher.publish(
                submission.batch, message: Int(message.message), at: Timestamp(milliseconds: message.time), of: state)
        }
    }
}
