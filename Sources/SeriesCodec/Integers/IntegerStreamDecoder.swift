/// Reads a stream of integers, a block at a time. See ``IntegerStreamEncoder`` for the layout.
///
/// The memory must outlive the decoder: every use stands inside a `withUnsafeBytes`. Any bytes give some numbers or an
/// error; only ``finish()`` tells whether the stream was as long as its numbers.
struct IntegerStreamDecoder {
    private enum Coder {
        case constant
        case adaptive(AdaptiveDecoder)
        case table(TableDecoder)
        case plain(PlainDecoder)
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
        guard let predictor = form.predictor, let kind = form.coder else { throw .corrupt }
        self.predictor = predictor
        scale = form.isScaled ? Int64(bitPattern: try cursor.number()) : 1
        origin = try cursor.signedNumber()
        let rest = try cursor.rest()
        switch kind {
        case .adaptive: coder = .adaptive(AdaptiveDecoder(rest))
        case .table: coder = .table(try TableDecoder(rest))
        case .plain: coder = .plain(try PlainDecoder(rest))
        }
    }

    /// The number that all are, if they are.
    var constant: Int64? {
        guard case .constant = coder else { return nil }
        return origin
    }

    /// The next numbers.
    mutating func decode(into target: UnsafeMutableBufferPointer<Int64>) {
        target.withMemoryRebound(to: UInt64.self) { residuals in
            guard takeResiduals(into: residuals) else { return }
            var task = Restore(residuals: residuals, state: state, scale: scale, origin: origin)
            predictor.perform(&task)
            state = task.state
        }
    }

    /// The bits of the next numbers' quotients, Double(number) / divisor.
    mutating func decode(into target: UnsafeMutableBufferPointer<Int64>, dividedBy divisor: Double) {
        target.withMemoryRebound(to: UInt64.self) { residuals in
            guard takeResiduals(into: residuals) else {
                residuals.update(repeating: (Double(origin) / divisor).bitPattern)
                return
            }
            var task = RestoreQuotients(
                residuals: residuals, state: state, scale: scale, origin: origin, divisor: divisor)
            predictor.perform(&task)
            state = task.state
        }
    }

    /// - Returns: whether there are residuals; if not, all numbers are the origin, and stand there.
    private mutating func takeResiduals(into residuals: UnsafeMutableBufferPointer<UInt64>) -> Bool {
        guard !residuals.isEmpty else { return true }
        var written = residuals
        if isAtStart && predictor.startsWithOrigin {
            residuals[0] = 0
            written = UnsafeMutableBufferPointer(rebasing: residuals[1...])
        }
        isAtStart = false
        switch coder {
        case .constant:
            residuals.update(repeating: UInt64(bitPattern: origin))
            return false
        case .adaptive(var decoder):
            decoder.decode(into: written)
            coder = .adaptive(decoder)
        case .table(let decoder): decoder.decode(into: written)
        case .plain(var decoder):
            decoder.decode(into: written)
            coder = .plain(decoder)
        }
        return true
    }

    /// - Throws: ``ChunkError/corrupt`` if more was read than there is.
    func finish() throws(ChunkError) {
        switch coder {
        case .constant: return
        case .adaptive(let decoder): if decoder.overran { throw .corrupt }
        case .table(let decoder): if decoder.overran { throw .corrupt }
        case .plain(let decoder): if decoder.overran { throw .corrupt }
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
                    let value = P.restore(values[index], &state)
                    values[index] = UInt64(bitPattern: value &+ origin)
                }
            } else {
                for index in 0..<residuals.count {
                    let value = P.restore(values[index], &state)
                    values[index] = UInt64(bitPattern: value &* scale &+ origin)
                }
            }
            self.state = state
        }
    }

    /// As ``Restore``, and divides. Two at a time, while the chain from value to value goes on: a division takes as long as
    /// two of its links.
    private struct RestoreQuotients: PredictorTask {
        let residuals: UnsafeMutableBufferPointer<UInt64>
        var state: PredictorState
        let scale: Int64
        let origin: Int64
        let divisor: Double

        mutating func run<P: Predictor>(_ predictor: P.Type) {
            guard let values = residuals.baseAddress else { return }
            let count = residuals.count
            let (scale, origin, divisor) = (scale, origin, SIMD2(repeating: divisor))
            var state = state
            var index = 0
            while index &+ 2 <= count {
                let first = P.restore(values[index], &state) &* scale &+ origin
                let second = P.restore(values[index &+ 1], &state) &* scale &+ origin
                let quotients = SIMD2(Double(first), Double(second)) / divisor
                UnsafeMutableRawPointer(values + index).storeBytes(of: quotients, as: SIMD2<Double>.self)
                index &+= 2
            }
            if index < count {
                let last = P.restore(values[index], &state) &* scale &+ origin
                values[index] = (Double(last) / divisor[0]).bitPattern
            }
            self.state = state
        }
    }
}
