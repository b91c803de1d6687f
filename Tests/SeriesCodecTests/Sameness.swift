import SeriesCodec

/// What tells two series apart, to the bit, leaving out what stands under nulls; `nil` if nothing does.
func difference(_ actual: Series, _ expected: Series) -> String? {
    if actual.times != expected.times { return "other times" }
    if actual.values.kind != expected.values.kind { return "another kind" }
    if actual.values.count != expected.values.count {
        return "\(actual.values.count) values, not \(expected.values.count)"
    }
    for place in expected.times.indices {
        let (own, other) = (point(actual, place), point(expected, place))
        if own != other { return "point \(place) is \(own), not \(other)" }
    }
    return nil
}

/// All of a point but its time.
struct Point: Equatable {
    var isNull: Bool
    var quality: UInt16
    /// 0 for texts.
    var bits: UInt64
    var text: [UInt8]
}

func point(_ series: Series, _ place: Int) -> Point {
    let isNull = series.nulls?[place] ?? false
    var point = Point(isNull: isNull, quality: series.quality?[place] ?? 0, bits: 0, text: [])
    guard !isNull else { return point }
    switch series.values {
    case .float64(let values): point.bits = values[place].bitPattern
    case .float32(let values): point.bits = UInt64(values[place].bitPattern)
    case .integer(let values): point.bits = UInt64(bitPattern: values[place])
    case .boolean(let values): point.bits = values[place] ? 1 : 0
    case .text(let column), .json(let column): point.text = Array(column[place].utf8)
    }
    return point
}

/// A series of chosen points of another.
func picked(_ series: Series, _ places: some Sequence<Int>) throws -> Series {
    var result = Series(empty: series.values.kind)
    for place in places {
        result.times.append(series.times[place])
        try result.values.append(series.values, place..<place + 1)
    }
    result.nulls = series.nulls.map { nulls in places.map { nulls[$0] } }
    result.quality = series.quality.map { quality in places.map { quality[$0] } }
    return result
}

/// The doubles next to an integer: both are the integer itself if it is a double.
func outside(_ integer: Int64) -> (below: Double, above: Double) {
    let nearest = Double(integer)
    let (exact, rounded) = (Int128(integer), Int128(nearest))
    return (rounded > exact ? nearest.nextDown : nearest, rounded < exact ? nearest.nextUp : nearest)
}
