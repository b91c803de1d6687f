/// The properties of a packet (MQTT 5.0 §2.2.2), kept as they stand on the wire.
///
/// They are checked once, when the packet is decoded, and read where somebody asks: a packet full of user properties costs no
/// more memory than it has bytes, and those of a message are passed on without being taken apart.
package struct Properties: Sendable, Equatable {
    /// Without the length in front.
    package private(set) var encoded: ByteSlice
    /// Which identifiers occur, a bit each.
    private var present: UInt64

    /// None.
    package init() { (encoded, present) = (ByteSlice(), 0) }

    package init(_ properties: [Property]) {
        encoded = Properties.encode(properties)
        present = properties.reduce(0) { $0 | $1.identifier.bit }
    }

    /// Reads the Property Length and the properties (§2.2.2.1).
    ///
    /// - Throws: ``MQTTFault``: malformed for an identifier that has no place here, protocol error for a second one.
    init(from reader: inout PacketReader, in place: PropertyPlace, limits: DecodingLimits) throws(MQTTFault) {
        let length = try reader.variableByteInteger()
        self.init()
        guard length > 0 else { return }
        encoded = try reader.take(length)
        let allowed = place.allowed
        var properties = PacketReader(encoded)
        var count = 0
        while !properties.isAtEnd {
            count += 1
            guard count <= limits.properties else {
                throw MQTTFault(.quotaExceeded, "a packet has too many properties")
            }
            let identifier = try properties.propertyIdentifier()
            guard allowed & identifier.bit != 0 else {
                throw .malformed("a property has no place in this packet")
            }
            guard present & identifier.bit == 0 || identifier.mayRepeat(in: place) else {
                throw .protocolError("a property stands twice")
            }
            present |= identifier.bit
            _ = try Property(identifier, from: &properties)
        }
    }

    package var isEmpty: Bool { encoded.isEmpty }

    package func contains(_ identifier: PropertyIdentifier) -> Bool { present & identifier.bit != 0 }

    /// The first property with this identifier.
    package func first(_ identifier: PropertyIdentifier) -> Property? {
        guard contains(identifier) else { return nil }
        return first { $0.identifier == identifier }
    }

    package mutating func append(_ property: Property) {
        encoded = Properties.encode(Array(self) + [property])
        present |= property.identifier.bit
    }

    /// The same in the same order, without those with these identifiers. Nothing is copied when there are none.
    package func without(_ identifiers: PropertyIdentifier...) -> Properties {
        let mask = identifiers.reduce(0) { $0 | $1.bit }
        guard present & mask != 0 else { return self }
        return Properties(filter { $0.identifier.bit & mask == 0 })
    }

    /// The same bytes in memory of their own.
    package func detached() -> Properties {
        var copy = self
        copy.encoded = encoded.detached()
        return copy
    }

    /// With the length in front.
    var encodedSize: Int { PacketWriter.size(ofVariableByteInteger: encoded.count) + encoded.count }

    func encode(into writer: inout PacketWriter) {
        writer.variableByteInteger(encoded.count)
        writer.raw(encoded)
    }

    private static func encode(_ properties: [Property]) -> ByteSlice {
        let size = properties.reduce(0) { $0 + $1.encodedSize }
        guard size > 0 else { return ByteSlice() }
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { memory, count in
            var writer = PacketWriter(UnsafeMutableRawBufferPointer(memory))
            for property in properties { property.encode(into: &writer) }
            count = writer.count
        }
        return bytes.withUnsafeBytes { ByteSlice(copying: $0) }
    }
}

extension Properties: Sequence {
    package struct Iterator: IteratorProtocol {
        fileprivate var reader: PacketReader

        /// What was decoded was checked, so nothing can be thrown here; should it be, the properties end.
        package mutating func next() -> Property? {
            guard !reader.isAtEnd, let identifier = try? reader.propertyIdentifier() else { return nil }
            return try? Property(identifier, from: &reader)
        }
    }

    package func makeIterator() -> Iterator { Iterator(reader: PacketReader(encoded)) }
}

extension Properties: ExpressibleByArrayLiteral {
    package init(arrayLiteral properties: Property...) { self.init(properties) }
}

extension PropertyIdentifier {
    /// User Properties repeat everywhere; Subscription Identifiers do in a PUBLISH (§3.3.2.3.8).
    func mayRepeat(in place: PropertyPlace) -> Bool {
        switch self {
        case .userProperty: true
        case .subscriptionIdentifier:
            if case .packet(.publish) = place { true } else { false }
        default: false
        }
    }
}
