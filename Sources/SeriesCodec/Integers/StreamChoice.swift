/// What a trial found to be the shortest way to write a stream; the next chunk of the series tries it first.
struct StreamChoice: Equatable, Sendable {
    /// After so many chunks everything is tried again, because a better way is not noticed otherwise.
    static let lifetime = 16

    var predictor: PredictorKind
    var coder: ResidualCoder
    /// What the trial got.
    var bytesPerValue: Double
    var age = 0

    /// Whether a stream that was written this way is about as short as the trial let expect.
    func isStillGood(bytes: Int, count: Int) -> Bool {
        Double(bytes) <= 1.08 * bytesPerValue * Double(count) + 6
    }
}
