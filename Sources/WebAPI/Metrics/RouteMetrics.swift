import Synchronization

/// Rate, latency and outcomes of one route.
final class RouteMetrics: Sendable {
    private let metrics: Metrics
    private let method: String
    private let route: String
    private let duration: Histogram
    private let byStatus = Mutex<[Int: Counter]>([:])

    init(metrics: Metrics, method: String, route: String) {
        self.metrics = metrics
        self.method = method
        self.route = route
        duration = metrics.histogram(
            "rookery_http_request_duration_seconds", "From the head of a request to its answer.",
            [("method", method), ("route", route)])
    }

    func record(status: Int, seconds: Double) {
        duration.observe(seconds)
        let counter = byStatus.withLock { counters in
            if let counter = counters[status] { return counter }
            let counter = metrics.counter(
                "rookery_http_requests_total", "Requests answered.",
                [("method", method), ("route", route), ("status", String(status))])
            counters[status] = counter
            return counter
        }
        counter.add()
    }
}
