/// Writes the times of a chunk or of a shared clock. See ``TimeForm`` for the layouts.
enum TimeEncoder {
    /// - Parameters:
    ///   - times: sorted, not empty.
    ///   - choice: what the last chunk chose.
    static func encode(_ times: [Int64], choice: inout TimeChoice?) -> [UInt8] {
        if let bytes = exactGrid(times) { return bytes }
        if var last = choice, last.age < StreamChoice.lifetime {
            let bytes = encode(times, as: last.form, &last)
            if last.isStillGood(bytes: bytes.count, count: times.count) {
                last.age += 1
                choice = last
                return bytes
            }
        }
        var best: [UInt8] = []
        for form in [TimeForm.plain, .grid, .waits] {
            var trial = TimeChoice(form: form)
            let bytes = encode(times, as: form, &trial)
            guard best.isEmpty || bytes.count < best.count else { continue }
            best = bytes
            trial.bytesPerTime = Double(bytes.count) / Double(times.count)
            choice = trial
        }
        return best
    }

    private static func exactGrid(_ times: [Int64]) -> [UInt8]? {
        let step = times[min(1, times.count - 1)].subtractingReportingOverflow(times[0])
        guard !step.overflow else { return nil }
        let isExact = times.withUnsafeBufferPointer { times in
            for place in times.indices.dropFirst() where times[place] &- times[place - 1] != step.partialValue {
                return false
            }
            return true
        }
        guard isExact else { return nil }
        var bytes = [TimeForm.exactGrid.rawValue]
        bytes.appendSigned(times[0])
        bytes.appendNumber(UInt64(step.partialValue))
        return bytes
    }

    private static func encode(_ times: [Int64], as form: TimeForm, _ choice: inout TimeChoice) -> [UInt8] {
        var bytes = [form.rawValue]
        switch form {
        case .grid:
            guard let grid = TimeGrid(times) else { return encode(times, as: .waits, &choice) }
            bytes.appendSigned(times[0])
            bytes.appendNumber(UInt64(grid.unit))
            bytes.appendNumber(UInt64(grid.step))
            bytes.appendSection(encode(grid.slots, &choice.slots))
            bytes += encode(grid.deviations, &choice.stream)
        case .waits:
            bytes.appendSigned(times[0])
            bytes += encode(zip(times.dropFirst(), times).map { $0 &- $1 }, &choice.stream)
        case .plain, .exactGrid, .sharedClock:
            bytes[0] = TimeForm.plain.rawValue
            bytes += encode(times, &choice.stream)
        }
        return bytes
    }

    private static func encode(_ numbers: [Int64], _ choice: inout StreamChoice?) -> [UInt8] {
        numbers.withUnsafeBufferPointer { IntegerStreamEncoder.encode($0, choice: &choice) }
    }
}

/// What a trial found to be the shortest way to write a series' times.
struct TimeChoice: Equatable, Sendable {
    var form: TimeForm
    var stream: StreamChoice?
    var slots: StreamChoice?
    /// What the trial got.
    var bytesPerTime = 0.0
    var age = 0

    init(form: TimeForm) { self.form = form }

    func isStillGood(bytes: Int, count: Int) -> Bool {
        Double(bytes) <= 1.08 * bytesPerTime * Double(count) + 8
    }
}
