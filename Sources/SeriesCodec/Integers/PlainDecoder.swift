/// Reads residuals of one width, side by side: numbers without a shape that a coder could make use of.
struct PlainDecoder {
    private let width: Int
    private var bits: BitReader

    init(_ bytes: UnsafeRawBufferPointer) throws(ChunkError) {
        var cursor = ByteCursor(bytes)
        width = Int(try cursor.byte())
        guard 1...UInt64.bitWidth ~= width else { throw .corrupt }
        bits = BitReader(try cursor.rest())
    }

    var overran: Bool { bits.overran }

    /// The next residuals. Any bytes give some numbers.
    mutating func decode(into target: UnsafeMutableBufferPointer<UInt64>) {
        var bits = bits
        var index = 0
        if width <= BitReader.look {
            // As many at a time as one look gives; for the narrow ones, four.
            let step = width <= BitReader.look / 4 ? 4 : width <= BitReader.look / 2 ? 2 : 1
            let groups = min(target.count / step, bits.stepsFarFromEnd(step * width))
            if let start = target.baseAddress {
                switch step {
                case 4: unpack(groups, 4, start, &bits)
                case 2: unpack(groups, 2, start, &bits)
                default: unpack(groups, 1, start, &bits)
                }
            }
            index = groups * step
        }
        while index < target.count {
            target[index] = bits.take(width)
            index &+= 1
        }
        self.bits = bits
    }

    @inline(__always)
    private func unpack(_ groups: Int, _ step: Int, _ target: UnsafeMutablePointer<UInt64>, _ bits: inout BitReader) {
        let count = UInt64(truncatingIfNeeded: width)
        let mask: UInt64 = (1 &<< count) &- 1
        var target = target
        for _ in 0..<groups {
            var word = bits.peekFarFromEnd()
            bits.position &+= step &* width
            for place in 0..<step {
                target[place] = word & mask
                word &>>= count
            }
            target += step
        }
    }
}

/// Writes what ``PlainDecoder`` reads.
enum PlainEncoder {
    static func encode(_ residuals: UnsafeBufferPointer<UInt64>, width: Int) -> [UInt8] {
        var writer = BitWriter(capacity: 8 + residuals.count * width)
        writer.append(UInt64(width), count: 8)
        for residual in residuals { writer.append(residual, count: width) }
        return writer.finish()
    }
}
