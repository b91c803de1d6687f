/// An MQTT Control Packet (§2, §3).
package enum Packet: Sendable, Equatable {
    indirect case connect(Connect)
    indirect case connectAcknowledgement(ConnectAcknowledgement)
    case publish(Publish)
    case publishAcknowledgement(Acknowledgement)
    case publishReceived(Acknowledgement)
    case publishRelease(Acknowledgement)
    case publishComplete(Acknowledgement)
    indirect case subscribe(Subscribe)
    indirect case subscribeAcknowledgement(SubscribeAcknowledgement)
    indirect case unsubscribe(Unsubscribe)
    indirect case unsubscribeAcknowledgement(SubscribeAcknowledgement)
    case pingRequest
    case pingResponse
    indirect case disconnect(Disconnect)
    indirect case authenticate(Authenticate)

    package var type: PacketType {
        switch self {
        case .connect: .connect
        case .connectAcknowledgement: .connectAcknowledgement
        case .publish: .publish
        case .publishAcknowledgement: .publishAcknowledgement
        case .publishReceived: .publishReceived
        case .publishRelease: .publishRelease
        case .publishComplete: .publishComplete
        case .subscribe: .subscribe
        case .subscribeAcknowledgement: .subscribeAcknowledgement
        case .unsubscribe: .unsubscribe
        case .unsubscribeAcknowledgement: .unsubscribeAcknowledgement
        case .pingRequest: .pingRequest
        case .pingResponse: .pingResponse
        case .disconnect: .disconnect
        case .authenticate: .authenticate
        }
    }
}

extension Packet {
    /// The same without Reason String and User Properties, which may be left out where there is no room for them. A PUBLISH is
    /// as its publisher made it.
    package var withoutExplanations: Packet {
        switch self {
        case .connectAcknowledgement(var packet):
            packet.properties = packet.properties.withoutExplanations
            return .connectAcknowledgement(packet)
        case .publishAcknowledgement(let packet): return .publishAcknowledgement(packet.withoutExplanations)
        case .publishReceived(let packet): return .publishReceived(packet.withoutExplanations)
        case .publishRelease(let packet): return .publishRelease(packet.withoutExplanations)
        case .publishComplete(let packet): return .publishComplete(packet.withoutExplanations)
        case .subscribeAcknowledgement(var packet):
            packet.properties = packet.properties.withoutExplanations
            return .subscribeAcknowledgement(packet)
        case .unsubscribeAcknowledgement(var packet):
            packet.properties = packet.properties.withoutExplanations
            return .unsubscribeAcknowledgement(packet)
        case .disconnect(var packet):
            packet.properties = packet.properties.withoutExplanations
            return .disconnect(packet)
        case .authenticate(var packet):
            packet.properties = packet.properties.withoutExplanations
            return .authenticate(packet)
        case .connect, .publish, .subscribe, .unsubscribe, .pingRequest, .pingResponse: return self
        }
    }
}

extension Properties {
    fileprivate var withoutExplanations: Properties { without(.reasonString, .userProperty) }
}

extension Acknowledgement {
    fileprivate var withoutExplanations: Acknowledgement {
        Acknowledgement(packetID: packetID, reason: reason, properties: properties.withoutExplanations)
    }
}
