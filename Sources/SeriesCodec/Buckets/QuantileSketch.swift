/// The distribution of numbers in bounded memory. Up to ``exactCount`` numbers it is exact; beyond, numbers that share
/// sign, exponent and eight bits of the fraction are one bin with its mean, so a quantile is off by less than 0.4 %.
package struct QuantileSketch: Sendable {
    package static let exactCount = 512

    /// The mean is kept, not the sum, which might be too large for a double.
    private struct Bin {
        var key: Int64
        var count: Int
        var mean: Double

        /// Both have one key, so that their difference is no larger than they are.
        func merged(with other: Bin) -> Bin {
            let total = count + other.count
            guard mean != other.mean else { return Bin(key: key, count: total, mean: mean) }
            let share = Double(other.count) / Double(total)
            return Bin(key: key, count: total, mean: mean + (other.mean - mean) * share)
        }
    }

    private var pending: [Double] = []
    private var isSorted = false
    private var bins: [Bin] = []
    package private(set) var count = 0

    package init() {}

    package mutating func removeAll() {
        if !pending.isEmpty { pending.removeAll(keepingCapacity: true) }
        if !bins.isEmpty { bins.removeAll(keepingCapacity: true) }
        (count, isSorted) = (0, false)
    }

    /// - Parameter number: not NaN.
    @inline(__always)
    package mutating func insert(_ number: Double) {
        if pending.count == Self.exactCount { fold() }
        pending.append(number)
        isSorted = false
        count &+= 1
    }

    /// - Parameter numbers: none is NaN.
    mutating func insert(contentsOf numbers: UnsafeBufferPointer<Double>) {
        if pending.count + numbers.count <= Self.exactCount {
            pending.append(contentsOf: numbers)
            isSorted = false
            count += numbers.count
        } else {
            for number in numbers { insert(number) }
        }
    }

    package mutating func merge(_ other: QuantileSketch) {
        for number in other.pending { insert(number) }
        fold(into: other.bins)
        count += other.bins.reduce(0) { $0 + $1.count }
    }

    /// The median and the 95th percentile. Nothing is in the sketch afterwards.
    mutating func close() -> (median: Double?, percentile95: Double?) {
        defer { removeAll() }
        guard bins.isEmpty, 1...FewNumbers.limit ~= pending.count else { return (quantile(0.5), quantile(0.95)) }
        return pending.withUnsafeBufferPointer { (FewNumbers.median($0), FewNumbers.greatest($0)) }
    }

    /// The number at rank ⌈fraction × count⌉.
    /// - Parameter fraction: 0 to 1.
    package mutating func quantile(_ fraction: Double) -> Double? {
        guard count > 0 else { return nil }
        let rank = min(count - 1, max(0, Int((fraction * Double(count)).rounded(.up)) - 1))
        if bins.isEmpty {
            sortPending()
            return pending[rank]
        }
        fold()
        var before = 0
        for bin in bins {
            before += bin.count
            if rank < before { return bin.mean }
        }
        return nil
    }

    /// Numbers in order have keys in order.
    private static func key(_ number: Double) -> Int64 {
        let bits = Int64(bitPattern: number.bitPattern)
        return (bits < 0 ? Int64.min &- bits : bits) >> 44
    }

    private mutating func sortPending() {
        guard !isSorted else { return }
        isSorted = true
        pending.sort()
    }

    private mutating func fold() {
        sortPending()
        isSorted = false
        var folded: [Bin] = []
        var start = 0
        while start < pending.count {
            let (key, least) = (Self.key(pending[start]), pending[start])
            var (end, beyond) = (start + 1, 0.0)
            // Of so few numbers, the distances within a bin add up to less than the largest double.
            while end < pending.count, Self.key(pending[end]) == key {
                if pending[end] != least { beyond += pending[end] - least }
                end += 1
            }
            folded.append(Bin(key: key, count: end - start, mean: least + beyond / Double(end - start)))
            start = end
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
                merged.append(bins[left].merged(with: others[right]))
                left += 1
                right += 1
            }
        }
        bins = merged
    }
}
