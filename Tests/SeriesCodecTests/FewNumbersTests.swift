import Testing

@testable import SeriesCodec

@Suite("Few numbers")
struct FewNumbersTests {
    @Test("the median is that of the sorted numbers")
    func median() {
        check(cases: 3_000, sizes: 1...FewNumbers.limit) { random, size in
            let different = 1 + random.below(20)
            let odd: [Double] = [-.infinity, .infinity, -.greatestFiniteMagnitude, .leastNonzeroMagnitude, 0]
            let numbers = (0..<size).map { _ in
                random.chance(9) ? odd[random.below(odd.count)] : Double(random.below(different)) - 7.5
            }
            let sorted = numbers.sorted()
            return numbers.withUnsafeBufferPointer { numbers in
                guard FewNumbers.median(numbers) == sorted[(size + 1) / 2 - 1] else { return "\(Array(numbers))" }
                return FewNumbers.greatest(numbers) == sorted.last ? nil : "another maximum"
            }
        }
    }
}
