/// The times of a device, stored once and referred to by its series.
///
/// A clock may have times that a series does not have (the reference lists them), and several equal times; a series
/// takes each of them once.
package struct SharedClock: Sendable {
    /// Milliseconds since 1970 UTC, sorted.
    package let times: [Int64]
    /// The clock chunk.
    package let bytes: [UInt8]
    /// Of the clock chunk: a reference names its clock by it.
    let checksum: UInt32

    /// - Parameters:
    ///   - times: milliseconds since 1970 UTC, sorted.
    ///   - choice: of the device's last clock; holds this one's afterwards.
    /// - Throws: ``ChunkError/unsortedTimes``, ``ChunkError/countOutOfRange(_:)``.
    package init(_ times: [Int64], choice: inout EncodingChoice) throws(ChunkError) {
        guard Series.areSorted(times) else { throw .unsortedTimes }
        guard 1...SeriesChunk.maximumCount ~= times.count else { throw .countOutOfRange(times.count) }
        var header = ChunkHeader(kind: nil, count: times.count)
        header.times = TimeEncoder.encode(times, choice: &choice.times)
        bytes = try header.sealed(values: [])
        self.times = times
        checksum = ChunkHeader.checksum(of: bytes)
    }

    /// With everything tried.
    /// - Throws: ``ChunkError/unsortedTimes``, ``ChunkError/countOutOfRange(_:)``.
    package init(_ times: [Int64]) throws(ChunkError) {
        var choice = EncodingChoice()
        try self.init(times, choice: &choice)
    }

    /// Reads a clock chunk.
    /// - Throws: ``ChunkError/unknownVersion(_:)``, ``ChunkError/checksumMismatch``, ``ChunkError/corrupt``, also for the
    ///   chunk of a series.
    package init(bytes: [UInt8]) throws(ChunkError) {
        self.bytes = bytes
        times = try bytes.withRawBytes { (raw) throws(ChunkError) -> [Int64] in
            let layout = try ChunkLayout(raw)
            guard layout.kind == nil else { throw .corrupt }
            var decoder = try TimeDecoder(layout.slice(layout.times, of: raw), count: layout.count, clock: nil)
            let times = try [Int64](filling: layout.count) { (target) throws(ChunkError) in
                decoder.decode(into: target)
                try decoder.finish()
            }
            guard decoder.isSorted(count: layout.count) || Series.areSorted(times) else { throw .corrupt }
            return times
        }
        checksum = ChunkHeader.checksum(of: bytes)
    }

    /// What to make a clock of that has the times of several series or messages, each as often as the one that has it most often.
    /// - Parameter columns: each sorted.
    package static func times(uniting columns: [[Int64]]) -> [Int64] {
        columns.reduce(into: []) { united, column in
            guard united != column else { return }
            var result: [Int64] = []
            result.reserveCapacity(max(united.count, column.count))
            var (left, right) = (0, 0)
            while left < united.count || right < column.count {
                let a = left < united.count ? united[left] : Int64.max
                let b = right < column.count ? column[right] : Int64.max
                result.append(min(a, b))
                if left < united.count && a <= b { left += 1 }
                if right < column.count && b <= a { right += 1 }
            }
            united = result
        }
    }
}
