import Synchronization

/// Running totals since the start, for metrics.
package final class PipelineCounters: Sendable {
    package let messages = Atomic<Int>(0)
    package let commits = Atomic<Int>(0)
    package let duplicates = Atomic<Int>(0)
    package let deadLetters = Atomic<Int>(0)
    /// Statements that failed and were tried again or given up.
    package let failures = Atomic<Int>(0)
    /// Requests that found a lane full.
    package let refusals = Atomic<Int>(0)
    package let loadedSources = Atomic<Int>(0)

    package init() {}
}
