/// Writes a stream of integers:
///
///     u8 form (IntegerStreamForm) · number scale, if scaled · signed origin · residuals
///
/// of which value = origin + scale × what the predictor makes of the residuals. A constant stream ends with its origin.
/// The length of the stream and the count of its numbers are the caller's to keep.
enum IntegerStreamEncoder {
    /// Plain numbers may be longer by this, because they take a fifth of the time to read.
    private static let plainHandicap = 1.04

    /// As planned; see ``StreamPlan``.
    static func encode(
        _ values: UnsafeBufferPointer<Int64>, as plan: StreamPlan, choice: inout StreamChoice?
    ) -> [UInt8] {
        guard !values.isEmpty, !plan.range.isConstant else { return encode(values, choice: &choice) }
        return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: values.count) { residuals in
            let (bytes, best) = trial(values, plan, residuals)
            choice = best
            return bytes
        }
    }

    /// - Parameter choice: what the last chunk of the series chose; `nil` tries everything.
    static func encode(_ values: UnsafeBufferPointer<Int64>, choice: inout StreamChoice?) -> [UInt8] {
        guard !values.isEmpty else { return constant(0) }
        let range = IntegerRange(values)
        guard !range.isConstant else { return constant(range.first) }
        return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: values.count) { residuals in
            if let last = choice, last.age < StreamChoice.lifetime {
                let written = fill(residuals, from: values, range, last.predictor)
                let bytes = write(written, range, last.predictor, last.coder)
                if last.isStillGood(bytes: bytes.count, count: values.count) {
                    choice?.age += 1
                    return bytes
                }
            }
            let (bytes, best) = trial(values, StreamPlan(values, range), residuals)
            choice = best
            return bytes
        }
    }

    static func encode(_ values: [Int64]) -> [UInt8] {
        var choice: StreamChoice?
        return encode(values, choice: &choice)
    }

    static func encode(_ values: [Int64], choice: inout StreamChoice?) -> [UInt8] {
        values.withUnsafeBufferPointer { encode($0, choice: &choice) }
    }

    static func encode(_ values: [Int64], as plan: StreamPlan?, choice: inout StreamChoice?) -> [UInt8] {
        guard let plan else { return encode(values, choice: &choice) }
        return values.withUnsafeBufferPointer { encode($0, as: plan, choice: &choice) }
    }

    private static func constant(_ value: Int64) -> [UInt8] {
        var bytes = [IntegerStreamForm.constant.rawValue]
        bytes.appendSigned(value)
        return bytes
    }

    /// Of the predictors that promise most, the one whose table is shortest, with both coders for real; and plain numbers,
    /// where these are about as short.
    private static func trial(
        _ values: UnsafeBufferPointer<Int64>, _ plan: StreamPlan, _ residuals: UnsafeMutableBufferPointer<UInt64>
    ) -> ([UInt8], StreamChoice) {
        var written = fill(residuals, from: values, plan.range, plan.predictors[0])
        var choice = StreamChoice(predictor: plan.predictors[0], coder: .table, bytesPerValue: 0)
        var counts = written.isEmpty ? nil : TokenCounts(written)
        for predictor in plan.predictors.dropFirst() {
            written = fill(residuals, from: values, plan.range, predictor)
            let other = TokenCounts(written)
            guard let least = counts, other.cost < least.cost else { continue }
            (choice.predictor, counts) = (predictor, other)
        }
        if choice.predictor != plan.predictors.last {
            written = fill(residuals, from: values, plan.range, choice.predictor)
        }
        var best = write(written, plan.range, choice.predictor, .table, counts)
        let adaptive = write(written, plan.range, choice.predictor, .adaptive)
        if adaptive.count <= best.count { (best, choice.coder) = (adaptive, .adaptive) }
        if Double(values.count * plan.range.width / 8) < plainHandicap * Double(best.count) {
            let written = fill(residuals, from: values, plan.range, .floor)
            let bytes = write(written, plan.range, .floor, .plain)
            if Double(bytes.count) <= plainHandicap * Double(best.count) {
                best = bytes
                (choice.predictor, choice.coder) = (.floor, .plain)
            }
        }
        choice.bytesPerValue = Double(best.count) / Double(values.count)
        return (best, choice)
    }

    private static func write(
        _ residuals: UnsafeBufferPointer<UInt64>, _ range: IntegerRange, _ predictor: PredictorKind,
        _ coder: ResidualCoder, _ counts: TokenCounts? = nil
    ) -> [UInt8] {
        let isScaled = range.scale > 1
        var bytes = [IntegerStreamForm(predictor, isScaled: isScaled, coder: coder).rawValue]
        if isScaled { bytes.appendNumber(UInt64(range.scale)) }
        var origin = Origin(range: range)
        bytes.appendSigned(predictor.perform(&origin))
        switch coder {
        case .adaptive: return bytes + AdaptiveEncoder.encode(residuals)
        case .table:
            return bytes + (counts.map { TableEncoder.encode(residuals, $0) } ?? TableEncoder.encode(residuals))
        case .plain:
            let all = residuals.reduce(1) { $0 | $1 }
            return bytes + PlainEncoder.encode(residuals, width: UInt64.bitWidth - all.leadingZeroBitCount)
        }
    }

    /// - Returns: the part of the memory that was filled.
    private static func fill(
        _ residuals: UnsafeMutableBufferPointer<UInt64>, from values: UnsafeBufferPointer<Int64>, _ range: IntegerRange,
        _ predictor: PredictorKind
    ) -> UnsafeBufferPointer<UInt64> {
        var task = Residuals(values: values, range: range, target: residuals)
        return UnsafeBufferPointer(rebasing: residuals[..<predictor.perform(&task)])
    }

    private struct Residuals: PredictorTask {
        let values: UnsafeBufferPointer<Int64>
        let range: IntegerRange
        let target: UnsafeMutableBufferPointer<UInt64>

        func run<P: Predictor>(_ predictor: P.Type) -> Int {
            var index = 0
            range.forEachResidual(of: values, predictor) { residual in
                target[index] = residual
                index &+= 1
            }
            return index
        }
    }

    private struct Origin: PredictorTask {
        let range: IntegerRange
        func run<P: Predictor>(_ predictor: P.Type) -> Int64 { range.origin(predictor) }
    }
}
