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
