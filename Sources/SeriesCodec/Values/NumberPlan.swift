/// Numbers as integers in one form, with what does not fit the form beside them.
struct NumberPlan {
    /// More exceptions than one in so many points are no plan, but for bits, which have −0 alone.
    private static let exceptionShare = 8
    /// A correction of more units in the last place is an exception.
    private static let largestCorrection: Int64 = 1 << 10

    private(set) var form: NumberForm
    private(set) var integers: [Int64] = []
    private(set) var exceptionPlaces: [Int64] = []
    private(set) var exceptionBits: [Int64] = []
    /// Empty if all are zero.
    private(set) var corrections: [Int64] = []
    /// What ``estimate()`` found out about the integers.
    private var stream: StreamPlan?

    /// - Returns: `nil` if too many values do not fit.
    init?(_ values: UnsafeBufferPointer<Double>, _ form: NumberForm) {
        self.form = form
        switch form.mode {
        case .integer: return nil
        case .quotient64:
            guard form.hasCorrections ? fitCorrected(values) : fitExactly(values) else { return nil }
        case .quotient32:
            let divisor = Float(form.divisor)
            guard fit(values, { value in Quotient.integer(of: value, divisor: divisor) }) else { return nil }
        case .bits64:
            guard fit(values, { value in SignedBits.integer(of: value) }) else { return nil }
        case .bits32:
            guard
                fit(
                    values,
                    { value in
                        guard let narrow = Quotient.narrow(value) else { return nil }
                        return SignedBits.integer(of: narrow)
                    })
            else { return nil }
        }
        self.form.hasExceptions = !exceptionPlaces.isEmpty
        self.form.hasCorrections = !corrections.isEmpty
    }

    /// - Returns: `nil` for a form that is no float32's, such as that of another series, and if too many values do not fit.
    init?(_ values: UnsafeBufferPointer<Float>, _ form: NumberForm) {
        guard form.mode == .quotient32 || form.mode == .bits32 else { return nil }
        self.form = form
        let limit = form.mode == .bits32 ? values.count : values.count / Self.exceptionShare + 1
        let divisor = Float(form.divisor)
        integers.reserveCapacity(values.count)
        for value in values {
            let integer =
                form.mode == .bits32 ? SignedBits.integer(of: value) : Quotient.integer(of: value, divisor: divisor)
            guard append(integer, bits: Int64(value.bitPattern), limit: limit) else { return nil }
        }
        fillBefore()
        self.form.hasExceptions = !exceptionPlaces.isEmpty
        self.form.hasCorrections = false
    }

    init(_ integers: [Int64]) {
        form = NumberForm(.integer)
        self.integers = integers
    }

    private mutating func fit(_ values: UnsafeBufferPointer<Double>, _ integer: (Double) -> Int64?) -> Bool {
        let limit = form.mode == .bits64 ? values.count : values.count / Self.exceptionShare + 1
        integers.reserveCapacity(values.count)
        for value in values {
            guard append(integer(value), bits: Int64(bitPattern: value.bitPattern), limit: limit) else { return false }
        }
        fillBefore()
        return true
    }

    private mutating func fitExactly(_ values: UnsafeBufferPointer<Double>) -> Bool {
        let divisor = Double(form.divisor)
        return fit(values) { value in
            let integer = Quotient.nearest(value, divisor: divisor)
            return (Double(integer) / divisor).bitPattern == value.bitPattern ? integer : nil
        }
    }

    private mutating func fitCorrected(_ values: UnsafeBufferPointer<Double>) -> Bool {
        let divisor = Double(form.divisor)
        var corrections: [Int64] = []
        corrections.reserveCapacity(values.count)
        let fits = fit(values) { value in
            let integer = Quotient.nearest(value, divisor: divisor)
            let quotient = Double(integer) / divisor
            let correction = Int64(bitPattern: value.bitPattern &- quotient.bitPattern)
            guard abs(correction.clamped) <= Self.largestCorrection else {
                corrections.append(0)
                return nil
            }
            corrections.append(correction)
            return integer
        }
        if fits && corrections.contains(where: { $0 != 0 }) { self.corrections = corrections }
        return fits
    }

    /// An exception repeats the last integer, which costs least. `false` if there are too many.
    @inline(__always)
    private mutating func append(_ integer: Int64?, bits: Int64, limit: Int) -> Bool {
        if let integer {
            integers.append(integer)
            return true
        }
        exceptionPlaces.append(Int64(integers.count))
        exceptionBits.append(bits)
        integers.append(integers.last ?? 0)
        return exceptionPlaces.count <= limit
    }

    /// Exceptions at the start repeat the first integer that there is.
    private mutating func fillBefore() {
        let leading = zip(exceptionPlaces, 0...).prefix { $0 == $1 }.count
        guard leading > 0, leading < integers.count else { return }
        for place in 0..<leading { integers[place] = integers[leading] }
    }

    /// Finds out about how many bits the section will take.
    mutating func estimate() -> Double {
        stream = StreamPlan(integers)
        let corrected = StreamPlan(corrections)?.bits ?? 0
        return (stream?.bits ?? 0) + corrected + Double(exceptionPlaces.count * 80)
    }

    func encode(_ choice: inout NumberChoice) -> [UInt8] {
        var bytes: [UInt8] = []
        form.write(to: &bytes)
        if form.hasExceptions {
            bytes.appendNumber(UInt64(exceptionPlaces.count))
            bytes.appendSection(IntegerStreamEncoder.encode(exceptionPlaces))
            bytes.appendSection(IntegerStreamEncoder.encode(exceptionBits))
        }
        if form.hasCorrections {
            bytes.appendSection(IntegerStreamEncoder.encode(corrections, choice: &choice.corrections))
        }
        return bytes + IntegerStreamEncoder.encode(integers, as: stream, choice: &choice.stream)
    }
}

extension Int64 {
    fileprivate var clamped: Int64 { Swift.max(self, -Int64.max) }
}
