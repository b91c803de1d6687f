/// Times as points of a grid that are left out, repeated, late or early.
struct TimeGrid {
    /// One step of the grid is 2^16 × its length in units, so that a clock that is a little fast is told exactly enough.
    static let fraction: Int64 = 16

    /// Divides all distances.
    let unit: Int64
    let step: Int64
    /// How many steps each point is behind the last, from the second on.
    let slots: [Int64]
    /// How many units each point is behind its place on the grid, from the second on.
    let deviations: [Int64]

    /// `nil` if the times span so much that a grid could not be computed, or none is to be seen.
    init?(_ times: [Int64]) {
        guard times.count > 2 else { return nil }
        let span = times[times.count - 1].subtractingReportingOverflow(times[0])
        guard !span.overflow, span.partialValue < 1 << 44 else { return nil }
        let unit = times.withUnsafeBufferPointer { IntegerRange($0).scale }
        let offsets = unit == 1 ? times.map { $0 - times[0] } : times.map { ($0 - times[0]) / unit }
        let median = Self.medianDistance(offsets)
        guard median > 0 else { return nil }
        self.unit = unit
        slots = (1..<offsets.count).map { Self.slots(offsets[$0] - offsets[$0 - 1], step: median) }
        step = Self.step(offsets, slots) ?? median << Self.fraction
        deviations = Self.deviations(offsets, slots, step: step)
    }

    /// The place of a slot, in units from the first time. Wraps, because slots may come from foreign bytes.
    @inline(__always)
    static func place(_ slot: Int64, step: Int64) -> Int64 { rounded(slot &* step) }

    /// From 1/2^16 of units to units.
    @inline(__always)
    static func rounded(_ exact: Int64) -> Int64 { (exact &+ (1 &<< (fraction - 1))) &>> fraction }

    /// The nearest number of steps; most often one, for which nothing is divided.
    @inline(__always)
    private static func slots(_ distance: Int64, step: Int64) -> Int64 {
        let half = step / 2
        return distance >= half && distance <= step + half - 1 ? 1 : (distance + half) / step
    }

    private static func deviations(_ offsets: [Int64], _ slots: [Int64], step: Int64) -> [Int64] {
        var slot: Int64 = 0
        return slots.indices.map { index in
            slot += slots[index]
            return offsets[index + 1] - place(slot, step: step)
        }
    }

    /// The step about which the times scatter least, or the whole number next to it if they hardly scatter more about
    /// that; `nil` if there is none.
    private static func step(_ offsets: [Int64], _ slots: [Int64]) -> Int64? {
        let count = Double(offsets.count)
        var (x, sumX, sumY, sumXX, sumXY, sumYY) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        for index in slots.indices {
            x += Double(slots[index])
            let y = Double(offsets[index + 1])
            sumX += x
            sumY += y
            sumXX += x * x
            sumXY += x * y
            sumYY += y * y
        }
        // count² times the variances and the covariance.
        let (xx, xy, yy) = (count * sumXX - sumX * sumX, count * sumXY - sumX * sumY, count * sumYY - sumY * sumY)
        guard xx > 0, xy > 0 else { return nil }
        let slope = xy / xx
        let whole = slope.rounded()
        let scatter = yy - slope * xy
        let more = (slope - whole) * (slope - whole) * xx
        let isWhole = whole > 0 && more <= 0.05 * max(0, scatter) + 0.01 * count * count
        let step = isWhole ? whole : slope
        guard step * Double(1 << fraction) >= 1, step < Double(1 << 44) else { return nil }
        return Int64((step * Double(1 << fraction)).rounded())
    }

    /// Of some distances that lie evenly.
    private static func medianDistance(_ offsets: [Int64]) -> Int64 {
        let count = offsets.count - 1
        let every = max(1, count / 255)
        let distances = stride(from: 1, through: count, by: every).map { offsets[$0] - offsets[$0 - 1] }
        return distances.sorted()[distances.count / 2]
    }
}
