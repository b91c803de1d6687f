/// Writes numbers in the form that a trial finds shortest, or in the last chunk's if that is still good. See
/// ``NumberForm`` for the layout.
enum NumberEncoder {
    /// A decimal of at most six places is not compared with other forms: it wins.
    private static let surePower: UInt64 = 1_000_000
    private static let largestPower: UInt64 = 1_000_000_000_000_000

    static func encode(_ values: UnsafeBufferPointer<Double>, choice: inout NumberChoice?) -> [UInt8] {
        encode(count: values.count, choice: &choice, plan: { NumberPlan(values, $0) }, plans: { plans(for: values) })
    }

    static func encode(_ values: UnsafeBufferPointer<Float>, choice: inout NumberChoice?) -> [UInt8] {
        encode(count: values.count, choice: &choice, plan: { NumberPlan(values, $0) }) {
            let quotient = NumberSample(values).narrowPowerOfTen().flatMap {
                NumberPlan(values, NumberForm(.quotient32, divisor: $0))
            }
            return [quotient, NumberPlan(values, NumberForm(.bits32))].compactMap { $0 }
        }
    }

    static func encode(_ integers: [Int64], choice: inout NumberChoice?) -> [UInt8] {
        var next = NumberChoice(form: NumberForm(.integer))
        if let choice, choice.form.mode == .integer { next.stream = choice.stream }
        let bytes = NumberPlan(integers).encode(&next)
        choice = next
        return bytes
    }

    /// - Parameter plans: the forms that are worth a comparison; at least one.
    private static func encode(
        count: Int, choice: inout NumberChoice?, plan: (NumberForm) -> NumberPlan?, plans: () -> [NumberPlan]
    ) -> [UInt8] {
        if var last = choice, last.age < StreamChoice.lifetime, let plan = plan(last.form) {
            let bytes = plan.encode(&last)
            if last.isStillGood(bytes: bytes.count, count: count) {
                last.age += 1
                choice = last
                return bytes
            }
        }
        let candidates = plans()
        var best = candidates[0]
        if candidates.count > 1 {
            var least = best.estimate()
            for var candidate in candidates.dropFirst() {
                let bits = candidate.estimate()
                if bits < least { (best, least) = (candidate, bits) }
            }
        }
        var next = NumberChoice(form: best.form)
        let bytes = best.encode(&next)
        next.bytesPerValue = Double(bytes.count) / Double(max(1, count))
        choice = next
        return bytes
    }

    private static func plans(for values: UnsafeBufferPointer<Double>) -> [NumberPlan] {
        let sample = NumberSample(values)
        let decimals = decimals(values, from: sample.powerOfTen())
        if decimals.contains(where: { $0.form.divisor <= surePower }) { return decimals }
        var plans = decimals
        if sample.isNarrow {
            if let power = sample.narrowPowerOfTen(),
                let plan = NumberPlan(values, NumberForm(.quotient32, divisor: power))
            {
                plans.append(plan)
            }
            if let plan = NumberPlan(values, NumberForm(.bits32)) { plans.append(plan) }
        } else if let divisor = sample.denominator() {
            var form = NumberForm(.quotient64, divisor: divisor)
            form.hasCorrections = true
            if let plan = NumberPlan(values, form) { plans.append(plan) }
        }
        if let plan = NumberPlan(values, NumberForm(.bits64)) { plans.append(plan) }
        return plans
    }

    /// The sample's power of ten, or the next if it leaves too much out; and where it leaves something out, the next
    /// too, because a rare longer decimal costs more as an exception than as a digit of all.
    private static func decimals(_ values: UnsafeBufferPointer<Double>, from power: UInt64?) -> [NumberPlan] {
        guard var power else { return [] }
        while power <= largestPower {
            if let plan = NumberPlan(values, NumberForm(.quotient64, divisor: power)) {
                guard plan.form.hasExceptions, power < largestPower,
                    let finer = NumberPlan(values, NumberForm(.quotient64, divisor: power * 10)),
                    finer.exceptionPlaces.count < plan.exceptionPlaces.count
                else { return [plan] }
                return [plan, finer]
            }
            power *= 10
        }
        return []
    }
}
