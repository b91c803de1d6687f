/// Reads a stream of integers, a block at a time. See ``IntegerStreamEncoder`` for the layout.
///
/// The memory must outlive the decoder: every use stands inside a `withUnsafeBytes`. Any bytes give some numbers or an
/// error; only ``finish()`` tells whether the stream was as long as its numbers.
struct IntegerStreamDecoder {
    private enum Coder {
        case constant
        case adaptive(AdaptiveDecoder)
        case table(TableDecoder)
    }

    private var coder: Coder
    private let predictor: PredictorKind
    private let scale: Int64
    private let origin: Int64
    private var state = PredictorState()
    private var isAtStart = true

    init(_ bytes: UnsafeRawBufferPointer) throws(ChunkError) {
        var cursor = ByteCursor(bytes)
        let form = IntegerStreamForm(rawValue: try cursor.byte())
        guard !form.isConstant else {
            (coder, predictor, scale) = (.constant, .last, 1)
            origin = try cursor.signedNumber()
            return
        }
        guard let predictor = form.predictor else { throw .corrupt }
        self.predictor = predictor
        scale = form.isScaled ? Int64(bitPattern: try cursor.number()) : 1
        origin = try cursor.signedNumber()
        let rest = try cursor.rest()
        coder = form.usesTable ? .table(try TableDecoder(rest)) : .adaptive(AdaptiveDecoder(rest))
    }

    mutating func decode(into target: UnsafeMutableBufferPointer<Int64>) {
        target.withMemoryRebound(to: UInt64.self) { residuals in
            guard !residuals.isEmpty else { return }
            var written = residuals
            if isAtStart && predictor.startsWithOrigin {
                residuals[0] = 0
                written = UnsafeMutableBufferPointer(rebasing: residuals[1...])
            }
            isAtStart = false
            switch coder {
            case .constant:
                residuals.update(repeating: UInt64(bitPattern: origin))
                return
            case .adaptive(var decoder):
                decoder.decode(into: written)
                coder = .adaptive(decoder)
            case .table(var decoder):
                decoder.decode(into: written)
                coder = .table(decoder)
            }
            var task = Restore(residuals: residuals, state: state, scale: scale, origin: origin)
            predictor.perform(&task)
            state = task.state
        }
    }

    /// - Throws: ``ChunkError/corrupt`` if more was read than there is.
    func finish() throws(ChunkError) {
        switch coder {
        case .constant: return
        case .adaptive(let decoder): if decoder.overran { throw .corrupt }
        case .table(let decoder): if decoder.overran { throw .corrupt }
        }
    }

    /// Turns residuals into values, in place.
    private struct Restore: PredictorTask {
        let residuals: UnsafeMutableBufferPointer<UInt64>
        var state: PredictorState
        let scale: Int64
        let origin: Int64

        mutating func run<P: Predictor>(_ predictor: P.Type) {
            guard let values = residuals.baseAddress else { return }
            var state = state
            let (scale, origin) = (scale, origin)
            if scale == 1 {
                for index in 0..<residuals.count {
                    let value = P.value(of: values[index], state)
                    P.see(value, &state)
                    values[index] = UInt64(bitPattern: value &+ origin)
                }
            } else {
                for index in 0..<residuals.count {
                    let value = P.value(of: values[index], state)
                    P.see(value, &state)
                    values[index] = UInt64(bitPattern: value &* scale &+ origin)
                }
            }
            self.state = state
        }
    }
}
