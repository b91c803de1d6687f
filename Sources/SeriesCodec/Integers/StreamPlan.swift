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
        let costs = PredictorKind.allCases.map { predictor in
            var cost = ResidualCost(values, range: range)
            return (predictor: predictor, bits: predictor.perform(&cost))
        }
        let ranking = costs.sorted { $0.bits * $0.predictor.handicap < $1.bits * $1.predictor.handicap }.prefix(2)
        let limit = 1.03 * ranking[0].bits
        predictors = ranking.filter { $0.bits <= limit }.map(\.predictor)
        bits = ranking[0].bits
    }

    /// `nil` for no values.
    init?(_ values: [Int64]) {
        guard !values.isEmpty else { return nil }
        self = values.withUnsafeBufferPointer { StreamPlan($0, IntegerRange($0)) }
    }
}
