import MQTTCodec

/// The QoS 1 and 2 messages that were sent to a client and are not acknowledged to their end, in the order in which they were
/// sent (§4.3, §4.4, §4.9). It outlives the connection: after a reconnection everything in it is sent again.
struct InflightWindow {
    /// What the client owes.
    enum Awaiting: UInt8 { case acknowledgement, received, complete }

    struct Exchange {
        let packetID: UInt16
        var awaiting: Awaiting
        /// Nil when PUBREC has come: from then on only the identifier is kept ([MQTT-4.3.3-6]).
        var delivery: Delivery?
        /// Sent on an earlier connection, and not yet on this one.
        var isToBeSentAgain = false
    }

    private var exchanges = Fifo<Exchange>()
    private var lastPacketID: UInt16 = 0
    /// Of the messages in it.
    private(set) var bytes = 0

    var count: Int { exchanges.count }
    /// How many of them were sent on this connection, and count against the client's Receive Maximum (§4.9).
    var sentCount: Int {
        owesAgain ? all.reduce(0) { $0 + ($1.isToBeSentAgain ? 0 : 1) } : count
    }
    var isEmpty: Bool { exchanges.isEmpty }
    var all: [Exchange] { exchanges.array }

    /// Notes a message that is about to be sent.
    ///
    /// - Precondition: fewer than 65,535 are in flight.
    /// - Returns: a Packet Identifier that is not in use ([MQTT-2.2.1-4]).
    mutating func begin(_ delivery: Delivery) -> UInt16 {
        repeat {
            lastPacketID = lastPacketID == .max ? 1 : lastPacketID + 1
        } while index(of: lastPacketID) != nil
        exchanges.append(
            Exchange(
                packetID: lastPacketID, awaiting: delivery.qos == .exactlyOnce ? .received : .acknowledgement,
                delivery: delivery))
        bytes += delivery.footprint
        return lastPacketID
    }

    /// A new connection: everything is to be sent again ([MQTT-4.4.0-1]).
    mutating func sendAllAgain() {
        for index in 0..<exchanges.count { exchanges[index].isToBeSentAgain = true }
        owesAgain = !isEmpty
    }

    /// Whether something is still to be sent again.
    private(set) var owesAgain = false

    /// The next exchange that is to be sent again, in the original order ([MQTT-4.6.0-1]).
    ///
    /// - Parameter publishes: whether the client takes a PUBLISH now.
    /// - Returns: nil when there is none, or one that must wait.
    mutating func nextAgain(publishes: Bool) -> Exchange? {
        guard owesAgain else { return nil }
        guard let index = (0..<exchanges.count).first(where: { exchanges[$0].isToBeSentAgain }) else {
            owesAgain = false
            return nil
        }
        guard publishes || exchanges[index].delivery == nil else { return nil }
        exchanges[index].isToBeSentAgain = false
        return exchanges[index]
    }

    /// Takes up what a session before a restart left.
    mutating func restore(_ exchange: Exchange) {
        exchanges.append(exchange)
        bytes += exchange.delivery?.footprint ?? 0
        lastPacketID = exchange.packetID
    }

    /// PUBACK (§3.4).
    ///
    /// - Returns: whether a message waited for it.
    mutating func acknowledge(_ packetID: UInt16) -> Bool {
        guard let index = index(of: packetID), exchanges[index].awaiting == .acknowledgement else { return false }
        remove(at: index)
        return true
    }

    /// PUBREC (§3.5). A failure ends the exchange (§4.3.3).
    ///
    /// - Returns: what waited for it.
    mutating func receive(_ packetID: UInt16, isFailure: Bool) -> Reception {
        guard let index = index(of: packetID), exchanges[index].awaiting != .acknowledgement else { return .unknown }
        guard !isFailure else {
            remove(at: index)
            return .first
        }
        guard exchanges[index].awaiting == .received else { return .again }
        exchanges[index].awaiting = .complete
        bytes -= exchanges[index].delivery?.footprint ?? 0
        exchanges[index].delivery = nil
        return .first
    }

    enum Reception {
        /// A message.
        case first
        /// What follows: a second PUBREC is answered like the first.
        case again
        case unknown
    }

    /// PUBCOMP (§3.7).
    ///
    /// - Returns: whether an exchange waited for it.
    mutating func complete(_ packetID: UInt16) -> Bool {
        guard let index = index(of: packetID), exchanges[index].awaiting == .complete else { return false }
        remove(at: index)
        return true
    }

    /// Forgets a message that could not be sent.
    mutating func cancel(_ packetID: UInt16) {
        if let index = index(of: packetID) { remove(at: index) }
    }

    private mutating func remove(at index: Int) {
        bytes -= exchanges.remove(at: index)?.delivery?.footprint ?? 0
    }

    /// Clients acknowledge in the order of sending, so the search mostly ends at once.
    private func index(of packetID: UInt16) -> Int? {
        (0..<exchanges.count).first { exchanges[$0].packetID == packetID }
    }
}
