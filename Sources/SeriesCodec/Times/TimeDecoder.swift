/// Reads a section of times, a block at a time. See ``TimeForm`` for the layouts.
///
/// The memory must outlive the decoder: every use stands inside a `withUnsafeBytes`.
struct TimeDecoder {
    private enum Source {
        case exactGrid(step: Int64)
        case grid(unit: Int64, step: Int64, slots: IntegerStreamDecoder, deviations: IntegerStreamDecoder)
        case waits(IntegerStreamDecoder)
        case clock([Int64], runs: [Range<Int>], run: Int)
    }

    private var source: Source
    private let first: Int64
    /// The time of the next point, the place of the last one's slot or the place in the run, by source.
    private var position: Int64 = 0
    private var isAtStart = true

    /// - Throws: ``ChunkError/clockMismatch`` if the section refers to another clock than `clock`.
    init(_ bytes: UnsafeRawBufferPointer, count: Int, clock: SharedClock?) throws(ChunkError) {
        var cursor = ByteCursor(bytes)
        guard let form = TimeForm(rawValue: try cursor.byte()) else { throw .corrupt }
        switch form {
        case .exactGrid:
            first = try cursor.signedNumber()
            source = .exactGrid(step: Int64(bitPattern: try cursor.number()))
            position = first
        case .grid:
            first = try cursor.signedNumber()
            let unit = Int64(bitPattern: try cursor.number())
            let step = Int64(bitPattern: try cursor.number())
            let slots = try IntegerStreamDecoder(try cursor.section())
            let deviations = try IntegerStreamDecoder(try cursor.rest())
            source = .grid(unit: unit, step: step, slots: slots, deviations: deviations)
        case .waits:
            first = try cursor.signedNumber()
            source = .waits(try IntegerStreamDecoder(try cursor.rest()))
            position = first
        case .sharedClock:
            guard let clock else { throw .clockMismatch }
            first = 0
            source = .clock(
                clock.times, runs: try ClockReference.runs(&cursor, count: count, clock: clock), run: 0)
        }
    }

    /// Whether the times are sorted without a look at them: an exact grid that does not overflow.
    func isSorted(count: Int) -> Bool {
        guard case .exactGrid(let step) = source, step >= 0 else { return false }
        let span = step.multipliedReportingOverflow(by: Int64(count - 1))
        return !span.overflow && !first.addingReportingOverflow(span.partialValue).overflow
    }

    /// The next times. They are not yet known to be sorted.
    mutating func decode(into target: UnsafeMutableBufferPointer<Int64>) {
        guard !target.isEmpty else { return }
        defer { isAtStart = false }
        switch source {
        case .exactGrid(let step):
            var time = position
            for place in 0..<target.count {
                target[place] = time
                time = time &+ step
            }
            position = time
        case .grid(let unit, let step, var slots, var deviations):
            let rest = placeFirst(in: target)
            deviations.decode(into: rest)
            // What a slot's place is before it is rounded.
            var exact = position
            if let slot = slots.constant {
                let move = slot &* step
                for place in 0..<rest.count {
                    exact = exact &+ move
                    rest[place] = first &+ unit &* (TimeGrid.rounded(exact) &+ rest[place])
                }
            } else {
                withUnsafeTemporaryAllocation(of: Int64.self, capacity: rest.count) { moves in
                    slots.decode(into: moves)
                    for place in 0..<rest.count {
                        exact = exact &+ moves[place] &* step
                        rest[place] = first &+ unit &* (TimeGrid.rounded(exact) &+ rest[place])
                    }
                }
            }
            position = exact
            source = .grid(unit: unit, step: step, slots: slots, deviations: deviations)
        case .waits(var stream):
            let rest = placeFirst(in: target)
            stream.decode(into: rest)
            for place in rest.indices {
                position = position &+ rest[place]
                rest[place] = position
            }
            source = .waits(stream)
        case .clock(let times, let runs, var run):
            copy(times, runs, &run, into: target)
            source = .clock(times, runs: runs, run: run)
        }
    }

    /// The places of the next times in the clock, if they lie there side by side; then they count as decoded.
    mutating func placesInClock(_ count: Int) -> Range<Int>? {
        guard case .clock(let times, let runs, let run) = source, run < runs.count else { return nil }
        let start = runs[run].lowerBound + Int(position)
        guard start + count <= runs[run].upperBound else { return nil }
        position += Int64(count)
        if start + count == runs[run].upperBound {
            source = .clock(times, runs: runs, run: run + 1)
            position = 0
        }
        return start..<start + count
    }

    /// The streams of these forms have nothing for the first point.
    private func placeFirst(in target: UnsafeMutableBufferPointer<Int64>) -> UnsafeMutableBufferPointer<Int64> {
        guard isAtStart else { return target }
        target[0] = first
        return UnsafeMutableBufferPointer(rebasing: target[1...])
    }

    /// The runs hold as many places as the chunk has points, so they end only when the caller asks for too much.
    private mutating func copy(
        _ times: [Int64], _ runs: [Range<Int>], _ run: inout Int, into target: UnsafeMutableBufferPointer<Int64>
    ) {
        var place = 0
        while place < target.count && run < runs.count {
            let start = runs[run].lowerBound + Int(position)
            let length = min(target.count - place, runs[run].upperBound - start)
            _ = UnsafeMutableBufferPointer(rebasing: target[place..<place + length])
                .update(fromContentsOf: times[start..<start + length])
            place += length
            position += Int64(length)
            if start + length == runs[run].upperBound {
                run += 1
                position = 0
            }
        }
        for rest in place..<target.count { target[rest] = times.last ?? 0 }
    }

    func finish() throws(ChunkError) {
        switch source {
        case .exactGrid, .clock: return
        case .waits(let stream): try stream.finish()
        case .grid(_, _, let slots, let deviations):
            try slots.finish()
            try deviations.finish()
        }
    }
}
