/// One packet as it came: its fixed header taken apart, the rest still to be decoded.
package struct RawPacket: Sendable {
    package let type: PacketType
    /// The four low bits of the first byte.
    let flags: UInt8
    package let body: ByteSlice
    /// The bytes of memory that the body keeps alive: those of all that came in one piece with it.
    package let held: Int
}

/// Cuts a stream of bytes into packets (§2.1).
///
/// A packet that came in one piece is a slice of what came; only one that straddles two pieces is put together in memory of
/// its own, which grows with what has come and not with what the packet claims.
package struct PacketFramer {
    /// What came and was not looked at.
    private var unread = ByteSlice()
    /// The bytes of memory that it keeps alive.
    private var unreadHolds = 0
    /// The beginning of a packet that came in pieces.
    private var partial: ByteStorage?
    private let sender: Sender

    package init(from sender: Sender = .client) { self.sender = sender }

    /// Whether a packet has begun and not ended.
    package var isWithinPacket: Bool { partial != nil || !unread.isEmpty }

    /// Whether the next packet is a PUBLISH, which need not have come whole.
    package var isAtPublish: Bool {
        let rest = partial.map { $0.slice(0..<$0.count) } ?? unread
        return !rest.isEmpty && rest[0] >> 4 == PacketType.publish.rawValue
    }

    /// Takes what came. Mostly everything before it has been cut up; what has not is joined with it.
    ///
    /// - Parameter held: the bytes of memory that `bytes` keeps alive, when these are more than its own.
    package mutating func append(_ bytes: ByteSlice, holding held: Int = 0) {
        guard !unread.isEmpty else {
            unread = bytes
            unreadHolds = max(held, bytes.count)
            return
        }
        let storage = ByteStorage.make(capacity: unread.count + bytes.count)
        unread.withUnsafeBytes { storage.append($0) }
        bytes.withUnsafeBytes { storage.append($0) }
        unread = storage.slice(0..<storage.count)
        unreadHolds = storage.count
    }

    /// Forgets what came.
    package mutating func clear() { (unread, partial) = (ByteSlice(), nil) }

    /// - Parameter limit: the largest packet in bytes, with its fixed header.
    /// - Returns: the next whole packet, or nil when more bytes must come.
    /// - Throws: ``MQTTFault`` as soon as the fixed header shows it, before a byte of the packet is stored.
    package mutating func next(limit: Int) throws(MQTTFault) -> RawPacket? {
        guard let partial else {
            guard let header = try FixedHeader(in: unread, from: sender, limit: limit),
                header.packetSize <= unread.count
            else {
                keepUnread()
                return nil
            }
            let body = unread[header.size..<header.packetSize]
            unread = unread.dropFirst(header.packetSize)
            return RawPacket(type: header.type, flags: header.flags, body: body, held: unreadHolds)
        }
        return try next(continuing: partial, limit: limit)
    }

    private mutating func next(continuing storage: ByteStorage, limit: Int) throws(MQTTFault) -> RawPacket? {
        var storage = storage
        while true {
            let header = try FixedHeader(in: storage.slice(0..<storage.count), from: sender, limit: limit)
            // Without a whole fixed header the next byte is all that is known to belong to the packet.
            let missing = (header?.packetSize ?? (storage.count + 1)) - storage.count
            if let header, missing == 0 {
                partial = nil
                return RawPacket(
                    type: header.type, flags: header.flags, body: storage.slice(header.size..<header.packetSize),
                    held: storage.count)
            }
            guard !unread.isEmpty else { return nil }
            let piece = unread[0..<min(missing, unread.count)]
            if storage.count + piece.count > storage.capacity {
                let wanted = max(storage.count + piece.count, 2 * storage.count)
                storage = storage.grown(to: min(wanted, max(header?.packetSize ?? wanted, storage.count + piece.count)))
                partial = storage
            }
            piece.withUnsafeBytes { storage.append($0) }
            unread = unread.dropFirst(piece.count)
        }
    }

    private mutating func keepUnread() {
        guard !unread.isEmpty else { return }
        let storage = ByteStorage.make(capacity: max(16, unread.count))
        unread.withUnsafeBytes { storage.append($0) }
        (partial, unread) = (storage, ByteSlice())
    }
}

/// The fixed header (§2.1.1).
private struct FixedHeader {
    let type: PacketType
    let flags: UInt8
    /// In bytes.
    let size: Int
    /// With the fixed header, in bytes.
    let packetSize: Int

    /// - Returns: nil when more bytes must come.
    init?(in bytes: ByteSlice, from sender: Sender, limit: Int) throws(MQTTFault) {
        guard bytes.count > 0 else { return nil }
        let first = bytes[0]
        guard let type = PacketType(rawValue: first >> 4) else { throw .malformed("a packet has type 0") }
        flags = first & 0x0F
        if let fixed = type.fixedFlags, flags != fixed {
            throw .malformed("the reserved flags of a fixed header are wrong")  // [MQTT-2.1.3-1]
        }
        if type == .publish, flags & 0b0110 == 0b0110 { throw .malformed("a PUBLISH has QoS 3") }  // [MQTT-3.3.1-4]
        guard type.mayCome(from: sender) else { throw .protocolError("a packet of this type comes from the other end") }
        self.type = type
        var length = 0
        for place in 0..<4 {
            guard bytes.count > 1 + place else { return nil }
            let next = bytes[1 + place]
            length |= Int(next & 0x7F) << (7 * place)
            guard next & 0x80 == 0 else { continue }
            if place > 0, next == 0 { throw .malformed("a remaining length is longer than it needs to be") }
            size = 2 + place
            packetSize = size + length
            guard packetSize <= limit else { throw MQTTFault(.packetTooLarge, "a packet is larger than allowed") }
            return
        }
        throw .malformed("a remaining length is longer than four bytes")
    }
}

extension PacketType {
    /// The direction of flow (§2.1.2, table 2-1).
    func mayCome(from sender: Sender) -> Bool {
        switch self {
        case .connect, .subscribe, .unsubscribe, .pingRequest: sender == .client
        case .connectAcknowledgement, .subscribeAcknowledgement, .unsubscribeAcknowledgement, .pingResponse:
            sender == .server
        default: true
        }
    }
}
