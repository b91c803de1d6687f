/// The distribution of numbers in bounded memory. Up to ``exactCount`` numbers it is exact; beyond, numbers that share
/// sign, exponent and eight bits of the fraction are one bin with its mean, so a quantile is off by less than 0.4 %.
package struct QuantileSketch: Sendable {
    package static let exactCount = 512

    private struct Bin {
        var key: Int64
        var count: Int
        var sum: Double
    }

    private var pending: [Double] = []
    private var bins: [Bin] = []
    package private(set) var count = 0

    package init() {}

    package mutating func removeAll() {
        pending.removeAll(keepingCapacity: true)
        bins.removeAll(keepingCapacity: true)
        count = 0
    }

    /// - Parameter number: not NaN.
    @inline(__always)
    package mutating func insert(_ number: Double) {
        if pending.count == Self.exactCount { fold() }
        pending.append(number)
        count &+= 1
    }

    package mutating func merge(_ other: QuantileSketch) {
        for number in other.pending { insert(number) }
        fold(into: other.bins)
        count += other.bins.reduce(0) { $0 + $1.count }
    }

    /// The number at rank ⌈fraction × count⌉.
    /// - Parameter fraction: 0 to 1.
    package mutating func quantile(_ fraction: Double) -> Double? {
        guard count > 0 else { return nil }
        let rank = min(count - 1, max(0, Int((fraction * Double(count)).rounded(.up)) - 1))
        if bins.isEmpty {
            pending.sort()
            return pending[rank]
        }
        fold()
        var before = 0
        for bin in bins {
            before += bin.count
            if rank < before { return bin.sum / Double(bin.count) }
        }
        return nil
    }

    /// Numbers in order have keys in order.
    private static func key(_ number: Double) -> Int64 {
        let bits = Int64(bitPattern: number.bitPattern)
        return (bits < 0 ? Int64.min &- bits : bits) >> 44
    }

    private mutating func fold() {
        pending.sort()
        var folded: [Bin] = []
        for number in pending {
            let key = Self.key(number)
            if let last = folded.indices.last, folded[last].key == key {
                folded[last].count += 1
                folded[last].sum += number
            } else {
                folded.append(Bin(key: key, count: 1, sum: number))
            }
        }
        pending.removeAll(keepingCapacity: true)
        fold(into: folded)
    }

    /// Both are in the order of their keys.
    private mutating func fold(into others: [Bin]) {
        guard !others.isEmpty else { return }
        var merged: [Bin] = []
        merged.reserveCapacity(bins.count + others.count)
        var (left, right) = (0, 0)
        while left < bins.count || right < others.count {
            if right == others.count || (left < bins.count && bins[left].key < others[right].key) {
                merged.append(bins[left])
                left += 1
            } else if left == bins.count || others[right].key < bins[left].key {
                merged.append(others[right])
                right += 1
            } else {
                let (own, other) = (bins[left], others[right])
                merged.append(Bin(key: own.key, count: own.count + other.count, sum: own.sum + other.sum))
                left += 1
                right += 1
            }
        }
        bins = merged
    }
}
