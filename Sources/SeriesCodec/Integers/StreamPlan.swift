/// Which predictors suit a stream, and about how long it will be.
struct StreamPlan {
    let range: IntegerRange
    /// The one that promises most, and a second if it promises about as much.
    let predictors: [PredictorKind]
    /// Headers and tables left out.
    let bits: Double

    /// - Parameter values: not empty.
    init(_ values: UnsafeBufferPointer<Int64>, _ range: IntegerRange) {
        self.range = range
        guard !range.isConstant else {
            (predictors, bits) = ([.last], 0)
            return
        }
        let parts = ResidualCost.parts(of: values)
        var ranking = Self.ranking(PredictorKind.allCases, ResidualCost(range: range, parts: parts[..<1]))
        if parts.count > 1 {
            // The first part leaves half of them in the race, if it tells anything.
            let best = ranking[0].bits > 0 ? ranking.prefix(5).map(\.predictor) : PredictorKind.allCases
            ranking = Self.ranking(best, ResidualCost(range: range, parts: parts[...]))
        }
        let limit = 1.03 * ranking[0].bits
        predictors = ranking.prefix(2).filter { $0.bits <= limit }.map(\.predictor)
        bits = ranking[0].bits * Double(values.count)
    }

    /// The shortest first.
    private static func ranking(
        _ predictors: [PredictorKind], _ cost: ResidualCost
    ) -> [(predictor: PredictorKind, bits: Double)] {
        let costs = predictors.map { predictor in
            var cost = cost
            return (predictor: predictor, bits: predictor.perform(&cost))
        }
        return costs.sorted { $0.bits * $0.predictor.handicap < $1.bits * $1.predictor.handicap }
    }

    /// `nil` for no values.
    init?(_ values: [Int64]) {
        guard !values.isEmpty else { return nil }
        self = values.withUnsafeBufferPointer { StreamPlan($0, IntegerRange($0)) }
    }
}
