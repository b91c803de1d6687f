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
        var place: Int64 = 0
        for index in 1..<offsets.count { place += Self.slots(offsets[index] - offsets[index - 1], step: median) }
        let whole = median << Self.fraction
        let fitted = place == 0 ? whole : offsets[offsets.count - 1] << Self.fraction / place
        var best = Self.fit(offsets, step: whole)
        if fitted != whole, fitted > 0 {
            let other = Self.fit(offsets, step: fitted)
            if other.weight < best.weight { best = other }
        }
        (self.unit, step, slots, deviations) = (unit, best.step, best.slots, best.deviations)
    }

    /// The place of a slot, in units from the first time. Wraps, because slots may come from foreign bytes.
    @inline(__always)
    static func place(_ slot: Int64, step: Int64) -> Int64 { (slot &* step &+ (1 &<< (fraction - 1))) &>> fraction }

    private struct Fit {
        var step: Int64
        var slots: [Int64]
        var deviations: [Int64]
        /// The sum of the deviations' sizes.
        var weight: Int64
    }

    /// The nearest number of steps; most often one, for which nothing is divided.
    @inline(__always)
    private static func slots(_ distance: Int64, step: Int64) -> Int64 {
        let half = step / 2
        return distance >= half && distance <= step + half - 1 ? 1 : (distance + half) / step
    }

    private static func fit(_ offsets: [Int64], step: Int64) -> Fit {
        let count = offsets.count - 1
        var fit = Fit(step: step, slots: [], deviations: [], weight: 0)
        fit.slots.reserveCapacity(count)
        fit.deviations.reserveCapacity(count)
        var slot: Int64 = 0
        for index in 1...count {
            let moved = slots((offsets[index] - offsets[index - 1]) << fraction, step: step)
            fit.slots.append(moved)
            slot += moved
            let deviation = offsets[index] - place(slot, step: step)
            fit.deviations.append(deviation)
            fit.weight += abs(deviation)
        }
        return fit
    }

    /// Of some distances that lie evenly.
    private static func medianDistance(_ offsets: [Int64]) -> Int64 {
        let count = offsets.count - 1
        let every = max(1, count / 255)
        let distances = stride(from: 1, through: count, by: every).map { offsets[$0] - offsets[$0 - 1] }
        return distances.sorted()[distances.count / 2]
    }
}
