import Kernel

/// How far a value can be trusted (TEL-1). The raw values are stored.
package enum Quality: UInt8, Sendable, CaseIterable {
    case good = 0
    case bad = 1
    case stale = 2
    case unknown = 3

    package var name: StaticString {
        switch self {
        case .good: "good"
        case .bad: "bad"
        case .stale: "stale"
        case .unknown: "unknown"
        }
    }
}

/// What a message is about (TEL-1). The raw values are stored.
package enum MessageType: UInt8, Sendable, CaseIterable {
    case measurement = 0
    case diagnostic = 1
    case location = 2
    case dataUsage = 3
    case power = 4

    package var name: StaticString {
        switch self {
        case .measurement: "measurement"
        case .diagnostic: "diagnostic"
        case .location: "location"
        case .dataUsage: "data_usage"
        case .power: "power"
        }
    }
}

/// Which door a message came through (TEL-1). The raw values are stored.
package enum MessageOrigin: UInt8, Sendable, CaseIterable {
    case api = 0
    case mqtt = 1
    case polling = 2
    case manual = 3

    package var name: StaticString {
        switch self {
        case .api: "api"
        case .mqtt: "mqtt"
        case .polling: "polling"
        case .manual: "manual"
        }
    }
}

/// `telemetry_hot.origin`: the door in the low four bits, the type above them.
package struct MessageProvenance: Hashable, Sendable {
    package var origin: MessageOrigin
    package var type: MessageType

    package init(origin: MessageOrigin, type: MessageType) {
        self.origin = origin
        self.type = type
    }

    package init(stored: Int16) {
        origin = MessageOrigin(rawValue: UInt8(stored & 15)) ?? .api
        type = MessageType(rawValue: UInt8(truncatingIfNeeded: stored >> 4) & 15) ?? .measurement
    }

    package var stored: Int16 { Int16(type.rawValue) << 4 | Int16(origin.rawValue) }
}

/// A value that is no number.
package enum OtherValue: Hashable, Sendable {
    case boolean(Bool)
    case text(String)
    /// An array or an object as compact JSON text.
    case json([UInt8])
}

/// The messages of one request, laid out flat: some ten allocations for a request, none for a value.
///
/// A *shape* is a list of datapoint names in the order in which a message brings them. Devices repeat themselves, so a
/// hundred messages usually share one.
package struct MessageBatch: Sendable {
    package struct Message: Sendable {
        /// Position in ``devices``; −1 when the credential says which device it is.
        package var device: Int32
        /// Nil: the server's time of receipt.
        package var time: Timestamp?
        package var type: MessageType
        package var shape: Int32
        /// Position in ``values`` of its first value; the shape tells how many there are.
        package var firstValue: Int32
    }

    package struct Shape: Sendable {
        package var firstName: Int32
        package var count: Int32
    }

    package internal(set) var messages: [Message] = []
    /// In the order of the message's shape; NaN: the value is in ``others``.
    package internal(set) var values: [Double] = []
    /// Runs parallel to ``values``; empty when everything is good.
    package internal(set) var qualities: [Quality] = []
    /// Ascending by `position`, which points into ``values``.
    package internal(set) var others: [(position: Int32, value: OtherValue)] = []
    package internal(set) var shapes: [Shape] = []
    /// The names of all shapes, one behind the other.
    var nameBytes: [UInt8] = []
    /// Where each name ends in ``nameBytes``.
    var nameEnds: [Int32] = []
    /// Devices by key or id, as the request names them.
    package internal(set) var devices: [String] = []

    package init() {}

    package func valueCount(of message: Message) -> Int { Int(shapes[Int(message.shape)].count) }

    package func valueRange(of message: Message) -> Range<Int> {
        let first = Int(message.firstValue)
        return first..<first + valueCount(of: message)
    }

    package func name(_ position: Int) -> String {
        String(decoding: nameBytes[nameRange(position)], as: UTF8.self)
    }

    /// The names of a shape in the message's order.
    package func names(of shape: Shape) -> [String] {
        (Int(shape.firstName)..<Int(shape.firstName + shape.count)).map(name)
    }

    /// Calls `body` with the shape's names as one run of bytes and their ends, counted from the start of the run.
    /// Equal runs with equal ends are equal shapes.
    package func withSignature<Result>(of shape: Shape, _ body: (ArraySlice<UInt8>, ArraySlice<Int32>) -> Result)
        -> Result
    {
        let names = Int(shape.firstName)..<Int(shape.firstName + shape.count)
        return body(nameBytes[byteRange(names)], nameEnds[names])
    }

    func nameRange(_ position: Int) -> Range<Int> {
        (position == 0 ? 0 : Int(nameEnds[position - 1]))..<Int(nameEnds[position])
    }

    func byteRange(_ names: Range<Int>) -> Range<Int> {
        names.isEmpty ? 0..<0 : nameRange(names.lowerBound).lowerBound..<Int(nameEnds[names.upperBound - 1])
    }

    package func quality(at position: Int) -> Quality { qualities.isEmpty ? .good : qualities[position] }

    /// The value at a position of ``values`` that is no number.
    package func other(at position: Int) -> OtherValue? {
        var (low, high) = (0, others.count)
        while low < high {
            let middle = (low + high) / 2
            if others[middle].position < position { low = middle + 1 } else { high = middle }
        }
        return low < others.count && Int(others[low].position) == position ? others[low].value : nil
    }
}
