/// Writes the times of a chunk or of a shared clock. See ``TimeForm`` for the layouts.
enum TimeEncoder {
    /// - Parameters:
    ///   - times: sorted, not empty.
    ///   - choice: what the last chunk chose.
    static func encode(_ times: [Int64], choice: inout TimeChoice?) -> [UInt8] {
        if let bytes = exactGrid(times) { return bytes }
        if var last = choice, last.age < StreamChoice.lifetime {
            let grid = last.form == .grid ? TimeGrid(times) : nil
            let bytes = grid.map { encode(times, $0, nil, nil, &last) } ?? encode(times, waits(times), nil, &last)
            if last.isStillGood(bytes: bytes.count, count: times.count) {
                last.age += 1
                choice = last
                return bytes
            }
        }
        let (bytes, best) = trial(times)
        choice = best
        return bytes
    }

    private static func trial(_ times: [Int64]) -> ([UInt8], TimeChoice) {
        let waits = waits(times)
        let waitPlan = StreamPlan(waits)
        var choice = TimeChoice(form: .waits)
        var bytes: [UInt8] = []
        if let grid = TimeGrid(times) {
            let (slots, deviations) = (StreamPlan(grid.slots), StreamPlan(grid.deviations))
            let gridBits = (slots?.bits ?? 0) + (deviations?.bits ?? 0)
            if gridBits < waitPlan?.bits ?? 0 {
                choice.form = .grid
                bytes = encode(times, grid, slots, deviations, &choice)
            }
        }
        if choice.form == .waits { bytes = encode(times, waits, waitPlan, &choice) }
        choice.bytesPerTime = Double(bytes.count) / Double(times.count)
        return (bytes, choice)
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

    /// - Parameters:
    ///   - slots: `nil` takes the choice.
    ///   - deviations: `nil` takes the choice.
    private static func encode(
        _ times: [Int64], _ grid: TimeGrid, _ slots: StreamPlan?, _ deviations: StreamPlan?, _ choice: inout TimeChoice
    ) -> [UInt8] {
        var bytes = [TimeForm.grid.rawValue]
        bytes.appendSigned(times[0])
        bytes.appendNumber(UInt64(grid.unit))
        bytes.appendNumber(UInt64(grid.step))
        bytes.appendSection(IntegerStreamEncoder.encode(grid.slots, as: slots, choice: &choice.slots))
        return bytes + IntegerStreamEncoder.encode(grid.deviations, as: deviations, choice: &choice.stream)
    }

    /// - Parameter plan: `nil` takes the choice.
    private static func encode(
        _ times: [Int64], _ waits: [Int64], _ plan: StreamPlan?, _ choice: inout TimeChoice
    ) -> [UInt8] {
        var bytes = [TimeForm.waits.rawValue]
        bytes.appendSigned(times[0])
        return bytes + IntegerStreamEncoder.encode(waits, as: plan, choice: &choice.stream)
    }

    /// Wraps where a distance is no Int64; so does the way back.
    private static func waits(_ times: [Int64]) -> [Int64] {
        times.indices.dropFirst().map { place -> Int64 in times[place] &- times[place - 1] }
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
