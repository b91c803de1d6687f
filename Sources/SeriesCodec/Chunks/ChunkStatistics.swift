/// What a row keeps beside its chunk, so that most questions need not open it.
package struct ChunkStatistics: Equatable, Sendable {
    /// Of all points.
    package private(set) var count = 0
    package private(set) var nullCount = 0
    /// Of the points whose quality is not 0.
    package private(set) var badCount = 0
    package private(set) var firstTime: Int64
    package private(set) var lastTime: Int64
    /// Of the points that have a number: neither null nor NaN, nor text. Booleans are 0 and 1.
    package private(set) var numberCount = 0
    /// `nil` if there is no number, as are the others. An integer of more than 53 bits may be no double: then the minimum
    /// and the maximum are the next doubles outside, so that a search by them misses no value, and the others are the
    /// nearest.
    package private(set) var minimum: Double?
    package private(set) var maximum: Double?
    package private(set) var first: Double?
    package private(set) var last: Double?
    package private(set) var sum = 0.0

    /// - Parameter series: not empty.
    /// - Throws: ``ChunkError/countOutOfRange(_:)``, ``ChunkError/unequalLengths``, ``ChunkError/unsortedTimes``,
    ///   ``ChunkError/textMissing(_:)``.
    package init(_ series: Series) throws(ChunkError) {
        try series.check()
        guard let start = series.times.first, let end = series.times.last else { throw .countOutOfRange(0) }
        (count, firstTime, lastTime) = (series.count, start, end)
        nullCount = series.nulls?.reduce(0) { $0 + ($1 ? 1 : 0) } ?? 0
        badCount = series.quality?.reduce(0) { $0 + ($1 == 0 ? 0 : 1) } ?? 0
        switch series.values {
        case .float64(let values): summarize(values, series.nulls) { $0 }
        case .float32(let values): summarize(values, series.nulls) { Double($0) }
        case .integer(let values):
            summarize(values, series.nulls) { Double($0) }
            if values.withUnsafeBufferPointer({ !Double.holdsAll($0) }) { widen(to: values, series.nulls) }
        case .boolean(let values): summarize(values, series.nulls) { $0 ? 1 : 0 }
        case .text, .json: break
        }
    }

    private mutating func widen(to integers: [Int64], _ nulls: [Bool]?) {
        for place in integers.indices where nulls == nil || nulls?[place] == false {
            minimum = minimum.map { min($0, Double(notAbove: integers[place])) }
            maximum = maximum.map { max($0, Double(notBelow: integers[place])) }
        }
    }

    @inline(__always)
    private mutating func summarize<Value>(_ values: [Value], _ nulls: [Bool]?, _ number: (Value) -> Double) {
        var (least, greatest, total) = (Double.infinity, -Double.infinity, 0.0)
        var (places, start, end) = (0, 0.0, 0.0)
        for place in values.indices where nulls == nil || nulls?[place] == false {
            let value = number(values[place])
            guard !value.isNaN else { continue }
            if places == 0 { start = value }
            end = value
            places += 1
            total += value
            least = value < least ? value : least
            greatest = value > greatest ? value : greatest
        }
        guard places > 0 else { return }
        (numberCount, sum, minimum, maximum, first, last) = (places, total, least, greatest, start, end)
    }
}
