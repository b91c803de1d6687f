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
        unit = times.withUnsafeBufferPointer { IntegerRange($0).scale }
        let median = Self.medianDistance(times) / unit
        guard median > 0 else { return nil }
        var place: Int64 = 0
        for index in 1..<times.count {
            let distance = (times[index] - times[index - 1]) / unit
            place += (distance + median / 2) / median
        }
        let whole = median << Self.fraction
        let fitted = place == 0 ? whole : (span.partialValue / unit) << Self.fraction / place
        let own = Self.fit(times, unit: unit, step: max(1, whole))
        let other = Self.fit(times, unit: unit, step: max(1, fitted))
        let best = own.weight <= other.weight ? own : other
        (step, self.slots, deviations) = (best.step, best.slots, best.deviations)
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

    private static func fit(_ times: [Int64], unit: Int64, step: Int64) -> Fit {
        let count = times.count - 1
        var fit = Fit(step: step, slots: [], deviations: [], weight: 0)
        fit.slots.reserveCapacity(count)
        fit.deviations.reserveCapacity(count)
        var slot: Int64 = 0
        for index in 1...count {
            let sinceLast = (times[index] - times[index - 1]) / unit
            let moved = (sinceLast << fraction + step / 2) / step
            fit.slots.append(moved)
            slot += moved
            let distance = (times[index] - times[0]) / unit
            let deviation = distance - place(slot, step: step)
            fit.deviations.append(deviation)
            fit.weight += abs(deviation)
        }
        return fit
    }

    /// Of some distances that lie evenly.
    private static func medianDistance(_ times: [Int64]) -> Int64 {
        let count = times.count - 1
        let every = max(1, count / 255)
        let distances = stride(from: 1, through: count, by: every).map { times[$0] - times[$0 - 1] }
        return distances.sorted()[distances.count / 2]
    }
}
