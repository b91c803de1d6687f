/// The pipeline's sizes and times.
package struct PipelineSettings: Sendable {
    /// In-process queues; a source belongs to one. The fewer, the larger and cheaper the commits: one for two processors.
    package var lanes = 1
    /// A group commit holds at most so many messages (one larger request apart).
    package var messagesPerCommit = 2_000
    /// Messages that may wait in front of a lane; a request that finds no room is told to come back.
    package var waitingMessagesPerLane = 20_000
    /// Sources whose state is kept in memory.
    package var cachedSourcesPerLane = 500_000
    /// How long a lane tries to store messages before it tells the senders to repeat them.
    package var commitDeadline: Duration = .seconds(5)
    /// `device_presence.seen_at` is written at most once in this time.
    package var presenceInterval: Duration = .seconds(60)
    /// After so much silence a device counts as offline, and its next message as its coming back.
    package var offlineAfter: Duration = .seconds(900)
    /// How far a device's clock may be ahead. Values from further on are stored, but never become the latest.
    package var toleratedLead: Duration = .seconds(86_400)

    package init() {}
}
