import Synchronization

/// Counts up only.
package final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    package func add(_ amount: Int = 1) { count.wrappingAdd(amount, ordering: .relaxed) }

    package var value: Int { count.load(ordering: .relaxed) }
}

/// Counts observations in buckets.
package final class Histogram: Sendable {
    /// For durations in seconds, from half a millisecond to ten seconds.
    package static let durations: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    let bounds: [Double]
    private let state: Mutex<(counts: [Int], sum: Double)>

    /// - Parameter bounds: upper bounds of the buckets, ascending; what is above the last counts too.
    package init(bounds: [Double] = durations) {
        self.bounds = bounds
        state = Mutex((counts: [Int](repeating: 0, count: bounds.count + 1), sum: 0))
    }

    package func observe(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[bucket] += 1
            state.sum += value
        }
    }

    var snapshot: (counts: [Int], sum: Double) { state.withLock { $0 } }
}

/// What is measured, and how it is written for Prometheus.
package final class Metrics: Sendable {
    package typealias Labels = [(name: String, value: String)]

    private enum Source: Sendable {
        case counter(Counter)
        case histogram(Histogram)
        /// Asked when the metrics are read.
        case gauge(@Sendable () -> Double)
        case total(@Sendable () -> Int)
    }

    private struct Family: Sendable {
        let help: String
        let type: String
        var series: [(labels: String, source: Source)] = []
    }

    private let families = Mutex<(byName: [String: Family], order: [String])>(([:], []))

    package init() {}

    /// A new counter; `name` ends in `_total`.
    package func counter(_ name: String, _ help: String, _ labels: Labels = []) -> Counter {
        let counter = Counter()
        add(name, help, "counter", labels, .counter(counter))
        return counter
    }

    package func histogram(
        _ name: String, _ help: String, _ labels: Labels = [], bounds: [Double] = Histogram.durations
    ) -> Histogram {
        let histogram = Histogram(bounds: bounds)
        add(name, help, "histogram", labels, .histogram(histogram))
        return histogram
    }

    /// A value that somebody else holds, asked for when the metrics are read.
    package func gauge(_ name: String, _ help: String, _ labels: Labels = [], _ value: @escaping @Sendable () -> Double)
    {
        add(name, help, "gauge", labels, .gauge(value))
    }

    /// A count that somebody else keeps, asked for when the metrics are read; `name` ends in `_total`.
    package func total(_ name: String, _ help: String, _ labels: Labels = [], _ value: @escaping @Sendable () -> Int) {
        add(name, help, "counter", labels, .total(value))
    }

    private func add(_ name: String, _ help: String, _ type: String, _ labels: Labels, _ source: Source) {
        let text = labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
        families.withLock { families in
            if families.byName[name] == nil {
                families.byName[name] = Family(help: help, type: type)
                families.order.append(name)
            }
            families.byName[name]?.series.append((labels: text, source: source))
        }
    }

    /// The text exposition format, version 0.0.4.
    package var exposition: String {
        let (byName, order) = families.withLock { $0 }
        var text = ""
        for name in order {
            guard let family = byName[name] else { continue }
            text += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.type)\n"
            for (labels, source) in family.series {
                let braces = labels.isEmpty ? "" : "{\(labels)}"
                switch source {
                case .counter(let counter): text += "\(name)\(braces) \(counter.value)\n"
                case .total(let value): text += "\(name)\(braces) \(value())\n"
                case .gauge(let value): text += "\(name)\(braces) \(Self.number(value()))\n"
                case .histogram(let histogram): Self.write(histogram, name, labels, to: &text)
                }
            }
        }
        return text
    }

    private static func write(_ histogram: Histogram, _ name: String, _ labels: String, to text: inout String) {
        let (counts, sum) = histogram.snapshot
        let prefix = labels.isEmpty ? "" : "\(labels),"
        let braces = labels.isEmpty ? "" : "{\(labels)}"
        var total = 0
        for (bound, count) in zip(histogram.bounds, counts) {
            total += count
            text += "\(name)_bucket{\(prefix)le=\"\(number(bound))\"} \(total)\n"
        }
        total += counts.last ?? 0
        text +=
            "\(name)_bucket{\(prefix)le=\"+Inf\"} \(total)\n\(name)_sum\(braces) \(number(sum))\n\(name)_count\(braces) \(total)\n"
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && value.magnitude < 1e15 ? String(Int64(value)) : "\(value)"
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
