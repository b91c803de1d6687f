/// A block of points, each with its number times the milliseconds until the next point.
struct WeightedPoints {
    /// Adding a whole number below 2^51 to the bits of this number and taking it off makes a double of it.
    private static let whole = 6_755_399_441_055_744.0
    /// Shorter runs are summed up one by one.
    private static let longRun = 16

    let times: UnsafePointer<Int64>
    let numbers: UnsafePointer<Double>
    let count: Int
    /// Whether all numbers are finite and all distances of the times below 2^51; if not, there are no weights.
    let arePlain: Bool
    /// No two neighbours are farther apart; less than twice as long as it would have to be.
    let longestDistance: Int64
    private let weights: UnsafePointer<Double>

    /// - Parameters:
    ///   - weights: memory that is filled.
    ///   - places: of the points that are wanted.
    init(
        _ times: UnsafePointer<Int64>, _ numbers: UnsafePointer<Double>, _ weights: UnsafeMutablePointer<Double>,
        places: Range<Int>
    ) {
        (self.times, self.numbers, count, self.weights) = (times, numbers, places.upperBound, UnsafePointer(weights))
        let last = places.upperBound - 1
        var place = places.lowerBound
        var distances = SIMD2<UInt64>()
        // Stays 0 until something is not finite.
        var odd = SIMD2<Double>()
        let bits = SIMD2(repeating: Self.whole.bitPattern)
        while place &+ 1 < last {
            let (here, next) = (Self.pair(times + place), Self.pair(times + (place &+ 1)))
            let distance = unsafeBitCast(next &- here, to: SIMD2<UInt64>.self)
            let number = Self.pair(numbers + place)
            distances |= distance
            odd += number * 0
            let sum = unsafeBitCast(distance &+ bits, to: SIMD2<Double>.self)
            let weight = number * (sum - SIMD2(repeating: Self.whole))
            UnsafeMutableRawPointer(weights + place).storeBytes(of: weight, as: SIMD2<Double>.self)
            place &+= 2
        }
        while place < last {
            let distance = times[place &+ 1] &- times[place]
            weights[place] = numbers[place] * Double(distance)
            distances[0] |= UInt64(truncatingIfNeeded: distance)
            odd[0] += numbers[place] * 0
            place &+= 1
        }
        if place == last { odd[0] += numbers[last] * 0 }
        let together = distances[0] | distances[1]
        arePlain = together < 1 << 51 && odd[0] + odd[1] == 0
        longestDistance = Int64(truncatingIfNeeded: min(together, 1 << 62))
    }

    @inline(__always)
    private static func pair<Element: BitwiseCopyable>(_ place: UnsafePointer<Element>) -> SIMD2<Element> {
        UnsafeRawPointer(place).loadUnaligned(as: SIMD2<Element>.self)
    }

    /// The first place behind `start`, whose time is before `limit`, that is not; or the count.
    /// - Parameter guess: how far behind `start` it may be.
    @inline(__always)
    func place(notBefore limit: Int64, from start: Int, guess: Int) -> Int {
        let guessed = start &+ guess
        if guessed < count, times[guessed] >= limit, times[guessed &- 1] < limit { return guessed }
        return search(limit, from: start)
    }

    @inline(never)
    private func search(_ limit: Int64, from start: Int) -> Int {
        var (low, high, step) = (start, count, 1)
        while low &+ step < count {
            if times[low &+ step] >= limit {
                high = low &+ step
                break
            }
            low &+= step
            step &*= 2
        }
        // The time at `low` is before the limit.
        while high &- low > 1 {
            let middle = (low &+ high) / 2
            if times[middle] < limit { low = middle } else { high = middle }
        }
        return high
    }

    /// Adds up numbers, and the weights of the points before them.
    @inline(__always)
    func accumulate(
        _ places: Range<Int>, _ sum: inout Double, _ least: inout Double, _ greatest: inout Double,
        _ weight: inout Double
    ) {
        var place = places.lowerBound
        if places.count >= Self.longRun {
            let long = longRun(places, least, greatest)
            sum += long.sum
            weight += long.weight
            (least, greatest, place) = (long.least, long.greatest, long.end)
        }
        while place < places.upperBound {
            let number = numbers[place]
            weight += weights[place &- 1]
            sum += number
            least = number < least ? number : least
            greatest = number > greatest ? number : greatest
            place &+= 1
        }
    }

    /// All but up to three numbers at the end, in four lanes.
    @inline(never)
    private func longRun(_ places: Range<Int>, _ least: Double, _ greatest: Double) -> LongRun {
        var (sums, moreSums) = (SIMD2<Double>(), SIMD2<Double>())
        var (weighted, moreWeighted) = (SIMD2<Double>(), SIMD2<Double>())
        var (low, high) = (SIMD2(repeating: least), SIMD2(repeating: greatest))
        var (otherLow, otherHigh) = (low, high)
        var place = places.lowerBound
        while place &+ 4 <= places.upperBound {
            let (one, other) = (Self.pair(numbers + place), Self.pair(numbers + (place &+ 2)))
            sums += one
            moreSums += other
            weighted += Self.pair(weights + (place &- 1))
            moreWeighted += Self.pair(weights + (place &+ 1))
            low.replace(with: one, where: one .< low)
            otherLow.replace(with: other, where: other .< otherLow)
            high.replace(with: one, where: one .> high)
            otherHigh.replace(with: other, where: other .> otherHigh)
            place &+= 4
        }
        return LongRun(
            sum: (sums + moreSums).sum(), weight: (weighted + moreWeighted).sum(),
            least: min(low.min(), otherLow.min()), greatest: max(high.max(), otherHigh.max()), end: place)
    }

    private struct LongRun {
        var sum: Double
        var weight: Double
        var least: Double
        var greatest: Double
        /// The first place that was left out.
        var end: Int
    }
}
