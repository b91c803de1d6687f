/// The values of a series, one for each time. What stands where a value is null has no meaning and is not kept.
package enum SeriesValues: Sendable {
    case float64([Double])
    case float32([Float])
    case integer([Int64])
    case boolean([Bool])
    case text(TextColumn)
    case json(TextColumn)

    package init(empty kind: ValueKind) {
        switch kind {
        case .float64: self = .float64([])
        case .float32: self = .float32([])
        case .integer: self = .integer([])
        case .boolean: self = .boolean([])
        case .text: self = .text(TextColumn())
        case .json: self = .json(TextColumn())
        }
    }

    package var kind: ValueKind {
        switch self {
        case .float64: .float64
        case .float32: .float32
        case .integer: .integer
        case .boolean: .boolean
        case .text: .text
        case .json: .json
        }
    }

    package var count: Int {
        switch self {
        case .float64(let values): values.count
        case .float32(let values): values.count
        case .integer(let values): values.count
        case .boolean(let values): values.count
        case .text(let column), .json(let column): column.count
        }
    }

    /// - Throws: ``ChunkError/wrongKind(_:)`` with the other's kind.
    package mutating func append(_ other: SeriesValues, _ range: Range<Int>) throws(ChunkError) {
        switch (consume self, other) {
        case (.float64(var own), .float64(let values)):
            own.append(contentsOf: values[range])
            self = .float64(own)
        case (.float32(var own), .float32(let values)):
            own.append(contentsOf: values[range])
            self = .float32(own)
        case (.integer(var own), .integer(let values)):
            own.append(contentsOf: values[range])
            self = .integer(own)
        case (.boolean(var own), .boolean(let values)):
            own.append(contentsOf: values[range])
            self = .boolean(own)
        case (.text(var own), .text(let column)):
            own.append(column, range)
            self = .text(own)
        case (.json(var own), .json(let column)):
            own.append(column, range)
            self = .json(own)
        case (let own, _):
            self = own
            throw .wrongKind(other.kind)
        }
    }

    /// - Throws: ``ChunkError/wrongKind(_:)`` with the other's kind.
    func merging(_ late: SeriesValues, _ plan: MergePlan) throws(ChunkError) -> SeriesValues {
        switch (self, late) {
        case (.float64(let own), .float64(let late)): .float64(plan.merge(own, late))
        case (.float32(let own), .float32(let late)): .float32(plan.merge(own, late))
        case (.integer(let own), .integer(let late)): .integer(plan.merge(own, late))
        case (.boolean(let own), .boolean(let late)): .boolean(plan.merge(own, late))
        case (.text(let own), .text(let late)): .text(own.merging(late, plan))
        case (.json(let own), .json(let late)): .json(own.merging(late, plan))
        default: throw .wrongKind(late.kind)
        }
    }

    mutating func removeSubrange(_ places: Range<Int>) {
        switch consume self {
        case .float64(var own):
            own.removeSubrange(places)
            self = .float64(own)
        case .float32(var own):
            own.removeSubrange(places)
            self = .float32(own)
        case .integer(var own):
            own.removeSubrange(places)
            self = .integer(own)
        case .boolean(var own):
            own.removeSubrange(places)
            self = .boolean(own)
        case .text(var own):
            own.removeSubrange(places)
            self = .text(own)
        case .json(var own):
            own.removeSubrange(places)
            self = .json(own)
        }
    }

    /// The value at a place as a number, an integer of more than 53 bits as the nearest; booleans are 0 and 1. `nil` for
    /// text and JSON.
    package func number(at place: Int) -> Double? {
        switch self {
        case .float64(let values): values[place]
        case .float32(let values): Double(values[place])
        case .integer(let values): Double(values[place])
        case .boolean(let values): values[place] ? 1 : 0
        case .text, .json: nil
        }
    }
}
