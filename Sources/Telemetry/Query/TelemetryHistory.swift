import JSON
import Kernel
import Persistence
import PostgresClient

/// How the numbers of a bucket become one.
package enum Aggregation: String, Sendable, CaseIterable { case avg, min, max, sum, count, first, last }

/// Points of several datapoints, each a series of its own: as they were measured, or one for each interval.
package struct TelemetryHistory: Sendable, JSONWritable {
    package struct Series: Sendable {
        package let key: String
        package var points: [(time: Timestamp, value: StoredMessage.Value)] = []
    }

    package let deviceID: DeviceID
    package let from: Timestamp
    package let to: Timestamp
    package let intervalSeconds: Int?
    package let aggregation: Aggregation?
    package var series: [Series]
    /// There is more in the range than is returned: ask again from the last time on.
    package var isTruncated: Bool

    /// `{"device_id", "from", "to", "interval_seconds", "aggregation", "truncated", "series": {"flow": [{"ts", "value"}]}}`
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("device_id", deviceID)
            json.field("from", from)
            json.field("to", to)
            json.field("interval_seconds", intervalSeconds)
            json.field("aggregation", aggregation?.rawValue)
            json.field("truncated", isTruncated)
            json.field("series") { json in
                json.object { json in
                    for series in series {
                        json.name(named: series.key)
                        json.array { json in
                            for (time, value) in series.points {
                                json.object { json in
                                    json.field("ts", time)
                                    json.field("value") { value.write(to: &$0) }
                                    if value.quality != .good { json.field("quality", "\(value.quality.name)") }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What is asked of a history.
package struct HistoryRequest: Sendable {
    package var keys: [String]
    package var from: Timestamp
    package var to: Timestamp
    /// Buckets of this length, aligned to 1970-01-01T00:00:00Z; nil: the points themselves.
    package var intervalSeconds: Int?
    package var aggregation: Aggregation
    /// Points of each series.
    package var limit: Int

    package static let parameters = ["keys", "from", "to", "interval", "aggregation", "limit"]
    private static let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]

    /// Reads `keys`, `from` (a day before `to`), `to` (now), `interval` (`30s`, `5m`, `1h`, `1d`), `aggregation` and `limit`.
    package init(reading query: InputReader, limit: Int, now: Timestamp) {
        let range = TelemetryRange(reading: query)
        keys = range.keys
        to = range.to ?? now
        from = range.from ?? to - .seconds(86_400)
        if range.from == nil, range.to == nil { to = to + .milliseconds(1) }
        self.limit = limit
        aggregation = query.optional("aggregation", .oneOf(Aggregation.self), default: .avg)
        intervalSeconds = query.optional("interval", .interval)
    }

    static func seconds(_ text: String) -> Int? {
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()), count > 0 else {
            return nil
        }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: unit)
        return !overflow && seconds <= 366 * 86_400 ? seconds : nil
    }
}

extension InputRule where Value == Int {
    /// `30s`, `5m`, `1h`, `1d`, in seconds.
    fileprivate static var interval: InputRule {
        InputRule<String>.text(2...10).map(
            placeholder: 60, "must be a number of s, m, h or d, such as 5m", HistoryRequest.seconds)
    }
}

extension TelemetryReader {
    /// Messages that one question may read.
    private static let messagesPerHistory = 200_000
    private static let messagesPerRead = 10_000

    /// - Throws: `not-found`; `invalid-parameter` when aggregating takes more than 200,000 messages.
    package func history(
        _ tx: borrowing TenantTransaction, of device: DeviceID, _ request: HistoryRequest
    ) async throws -> TelemetryHistory {
        var history = TelemetryHistory(
            deviceID: device, from: request.from, to: request.to, intervalSeconds: request.intervalSeconds,
            aggregation: request.intervalSeconds == nil ? nil : request.aggregation, series: [], isTruncated: false)
        var collector = SeriesCollector(request)
        let range = TelemetryRange(keys: request.keys, from: request.from, to: request.to)
        var page = PageRequest<TelemetrySort>(limit: Self.messagesPerRead, sort: .time)
        var read = 0
        repeat {
            let messages = try await messages(tx, of: device, range, page)
            for message in messages.items where !collector.isFull { collector.add(message) }
            read += messages.items.count
            page.after = messages.next
            if read >= Self.messagesPerHistory, page.after != nil { collector.isFull = true }
        } while page.after != nil && !collector.isFull
        history.series = collector.finished()
        history.isTruncated = collector.isFull
        return history
    }
}

/// Sorts messages into series, and into buckets where that is asked.
private struct SeriesCollector {
    private let request: HistoryRequest
    private var positions: [String: Int] = [:]
    private var series: [TelemetryHistory.Series] = []
    private var buckets: [Bucket?] = []
    var isFull = false

    private struct Bucket {
        let start: Timestamp
        var count = 0
        var sum = 0.0
        var least = Double.infinity
        var greatest = -Double.infinity
        var first = 0.0
        var last = 0.0

        mutating func add(_ value: Double) {
            if count == 0 { first = value }
            count += 1
            sum += value
            least = Swift.min(least, value)
            greatest = Swift.max(greatest, value)
            last = value
        }

        func value(_ aggregation: Aggregation) -> Double {
            switch aggregation {
            case .avg: sum / Double(count)
            case .min: least
            case .max: greatest
            case .sum: sum
            case .count: Double(count)
            case .first: first
            case .last: last
            }
        }
    }

    init(_ request: HistoryRequest) {
        self.request = request
        for key in request.keys { _ = position(of: key) }
    }

    mutating func add(_ message: StoredMessage) {
        for value in message.values {
            let position = position(of: value.key)
            guard let seconds = request.intervalSeconds else {
                guard series[position].points.count < request.limit else {
                    isFull = true
                    return
                }
                series[position].points.append((time: message.time, value: value))
                continue
            }
            // Only good numbers can be averaged.
            guard value.other == nil, !value.number.isNaN, value.quality == .good else { continue }
            let length = Int64(seconds) * 1_000_000
            let at = message.time.microseconds
            let start = Timestamp(microseconds: at - ((at % length) + length) % length)
            if buckets[position]?.start != start { close(position) }
            guard series[position].points.count < request.limit else {
                isFull = true
                return
            }
            if buckets[position] == nil { buckets[position] = Bucket(start: start) }
            buckets[position]?.add(value.number)
        }
    }

    mutating func finished() -> [TelemetryHistory.Series] {
        for position in series.indices { close(position) }
        return series
    }

    private mutating func close(_ position: Int) {
        guard let bucket = buckets[position] else { return }
        buckets[position] = nil
        let value = StoredMessage.Value(
            key: series[position].key, number: bucket.value(request.aggregation), other: nil, quality: .good)
        series[position].points.append((time: bucket.start, value: value))
    }

    private mutating func position(of key: String) -> Int {
        if let known = positions[key] { return known }
        positions[key] = series.count
        series.append(TelemetryHistory.Series(key: key))
        buckets.append(nil)
        return series.count - 1
    }
}
