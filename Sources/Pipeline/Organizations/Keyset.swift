/// The stored form of a shape: which datapoints, in which order, under which number (table `telemetry_keysets`).
final class Keyset: Sendable {
    let number: Int32
    /// Ascending.
    let keyNumbers: [Int16]
    /// For each stored position, the position of its value in the message as it was sent.
    let sentPositions: [Int32]

    init(number: Int32, keyNumbers: [Int16], sentPositions: [Int32]) {
        self.number = number
        self.keyNumbers = keyNumbers
        self.sentPositions = sentPositions
    }

    /// `sent`: the key numbers in the order of the message.
    convenience init(number: Int32, sent: [Int16]) {
        let order = sent.indices.sorted { sent[$0] < sent[$1] }
        self.init(number: number, keyNumbers: order.map { sent[$0] }, sentPositions: order.map(Int32.init))
    }
}

/// What a shape is stored as: one keyset, or one for each name in an organization that has too many sets.
struct StoredShape: Sendable {
    let keysets: [Keyset]
}

/// A list of names in the order of a message, as bytes: what a shape is recognised by.
struct ShapeSignature: Hashable, Sendable {
    let names: [UInt8]
    let lengths: [Int32]

    init(names: ArraySlice<UInt8>, ends: ArraySlice<Int32>) {
        self.names = Array(names)
        var start = (ends.last ?? 0) - Int32(names.count)
        lengths = ends.map { end in
            defer { start = end }
            return end - start
        }
    }

    func hash(into hasher: inout Hasher) {
        names.withUnsafeBytes { hasher.combine(bytes: $0) }
        hasher.combine(lengths.count)
    }
}
