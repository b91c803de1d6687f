import Persistence
import Pipeline
import PostgresClient
import Synchronization
import WebAPI

extension TelemetryPipeline {
    /// Adds the pipeline's totals to what `/metrics` shows.
    func observe(with metrics: Metrics) {
        let counters = counters
        metrics.total("rookery_ingest_messages_total", "Messages that were committed.") {
            counters.messages.load(ordering: .relaxed)
        }
        metrics.total("rookery_ingest_commits_total", "Group commits.") {
            counters.commits.load(ordering: .relaxed)
        }
        metrics.total("rookery_ingest_duplicates_total", "Messages that were stored already.") {
            counters.duplicates.load(ordering: .relaxed)
        }
        metrics.total("rookery_ingest_dead_letters_total", "Messages that can never be stored.") {
            counters.deadLetters.load(ordering: .relaxed)
        }
        metrics.total("rookery_ingest_failures_total", "Group commits that failed and were tried again or given up.") {
            counters.failures.load(ordering: .relaxed)
        }
        metrics.total("rookery_ingest_refusals_total", "Requests that found a lane full.") {
            counters.refusals.load(ordering: .relaxed)
        }
        metrics.gauge("rookery_ingest_waiting_messages", "Messages that wait in front of the lanes.") { [weak self] in
            Double(self?.waitingMessages ?? 0)
        }
    }
}

extension Databases {
    /// Adds the pools to what `/metrics` shows.
    func observe(with metrics: Metrics) {
        for (role, client) in clients.sorted(by: { $0.key < $1.key }) {
            let labels: Metrics.Labels = [(name: "role", value: role)]
            metrics.gauge("rookery_database_connections", "Connections that are open.", labels) {
                Double(client.statistics.open)
            }
            metrics.gauge("rookery_database_leased", "Connections held by a transaction.", labels) {
                Double(client.statistics.leased)
            }
            metrics.gauge("rookery_database_waiting", "Requests that wait for a connection.", labels) {
                Double(client.statistics.waiting)
            }
            metrics.total("rookery_database_failures_total", "Connections lost or not made.", labels) {
                client.statistics.failures
            }
            metrics.total("rookery_database_refusals_total", "Requests refused because the queue was full.", labels) {
                client.statistics.refusals
            }
        }
    }
}
