/// Which points of a shared clock a series has:
///
///     u8 TimeForm.sharedClock · fixed32 checksum of the clock · u8 list form · stream of distances
///
/// The list names the fewer: the places that are left out, or those that are taken. Distances are from the place behind
/// the last one named.
enum ClockReference {
    private enum ListForm: UInt8 {
        case everything = 0
        case skipped = 1
        case taken = 2
    }

    /// - Throws: ``ChunkError/timeNotInClock(_:)``.
    static func encode(_ times: [Int64], in clock: SharedClock) throws(ChunkError) -> [UInt8] {
        var bytes = [TimeForm.sharedClock.rawValue]
        bytes.appendFixed32(clock.checksum)
        let taken = try places(of: times, in: clock.times)
        if taken.count == clock.times.count {
            bytes.append(ListForm.everything.rawValue)
        } else if taken.count <= clock.times.count / 2 {
            bytes.append(ListForm.taken.rawValue)
            bytes += IntegerStreamEncoder.encode(distances(taken))
        } else {
            var skipped: [Int64] = []
            var next: Int64 = 0
            for place in taken + [Int64(clock.times.count)] {
                while next < place {
                    skipped.append(next)
                    next += 1
                }
                next = place + 1
            }
            bytes.append(ListForm.skipped.rawValue)
            bytes += IntegerStreamEncoder.encode(distances(skipped))
        }
        return bytes
    }

    private static func places(of times: [Int64], in clock: [Int64]) throws(ChunkError) -> [Int64] {
        var places: [Int64] = []
        places.reserveCapacity(times.count)
        var place = 0
        for time in times {
            while place < clock.count && clock[place] < time { place += 1 }
            guard place < clock.count, clock[place] == time else { throw .timeNotInClock(time) }
            places.append(Int64(place))
            place += 1
        }
        return places
    }

    private static func distances(_ places: [Int64]) -> [Int64] {
        var next: Int64 = 0
        return places.map { place in
            defer { next = place + 1 }
            return place - next
        }
    }

    /// The runs of the clock that a chunk of `count` points takes, checked against the clock.
    /// - Parameter cursor: behind the form.
    static func runs(_ cursor: inout ByteCursor, count: Int, clock: SharedClock) throws(ChunkError) -> [Range<Int>] {
        guard try cursor.fixed32() == clock.checksum else { throw .clockMismatch }
        let size = clock.times.count
        guard count <= size, let form = ListForm(rawValue: try cursor.byte()) else { throw .corrupt }
        let rest = try cursor.rest()
        var runs: [Range<Int>] = []
        switch form {
        case .everything:
            guard count == size else { throw .corrupt }
            runs = [0..<size]
        case .skipped:
            var next = 0
            for place in try places(rest, count: size - count, below: size) {
                if place > next { runs.append(next..<place) }
                next = place + 1
            }
            if next < size { runs.append(next..<size) }
        case .taken:
            for place in try places(rest, count: count, below: size) {
                if let last = runs.last, last.upperBound == place {
                    runs[runs.count - 1] = last.lowerBound..<place + 1
                } else {
                    runs.append(place..<place + 1)
                }
            }
        }
        return runs
    }

    private static func places(
        _ bytes: UnsafeRawBufferPointer, count: Int, below size: Int
    ) throws(ChunkError) -> [Int] {
        var decoder = try IntegerStreamDecoder(bytes)
        let distances = try [Int64](filling: count) { (target) throws(ChunkError) in
            decoder.decode(into: target)
            try decoder.finish()
        }
        var places: [Int] = []
        places.reserveCapacity(count)
        var next = 0
        for distance in distances {
            guard distance >= 0, distance < size - next else { throw .corrupt }
            places.append(next + Int(distance))
            next += Int(distance) + 1
        }
        return places
    }
}
