import MQTTCodec

/// What is known of the other end before it has said anything.
package struct Peer: Sendable {
    /// The network address, for logs and limits.
    package var address: String
    /// The client's certificate in DER when TLS verified one.
    package var certificate: [UInt8]?

    package init(address: String, certificate: [UInt8]? = nil) {
        self.address = address
        self.certificate = certificate
    }
}

/// What authentication made of a client; handed back with everything that it does.
package typealias Principal = AnyObject & Sendable

/// Somebody wants in (§3.1, §4.12), or the exchange of AUTH packets goes on.
package struct AuthenticationRequest: Sendable {
    package enum Step: Sendable {
        case connect
        /// An answer to a challenge (§4.12).
        case answer
        /// A connected client authenticates anew (§4.12.1); the answer counts without its admission's other parts.
        case again
    }

    package let step: Step
    package let peer: Peer
    package let connect: Connect
    /// Of a CONNECT or AUTH.
    package let method: MQTTString?
    package let data: ByteSlice?
    /// Who it is already, when it authenticates anew.
    package let principal: (any Principal)?
}

package enum AuthenticationVerdict: Sendable {
    case accept(Admission)
    /// Sent to the client in an AUTH ([MQTT-4.12.0-2]).
    case challenge(ByteSlice)
    case refuse(ReasonCode, Properties = [])
}

package struct Admission: Sendable {
    /// Clients of one realm have identifiers, topics, retained messages and sessions to themselves.
    package var realm: MQTTString
    package var principal: (any Principal)?
    /// In place of the one that the client named or left out.
    package var clientID: MQTTString?
    /// For a client that asked for it (§3.2.2.3.15).
    package var responseInformation: MQTTString?
    /// The last data of an authentication method (§3.2.2.3.17).
    package var authenticationData: ByteSlice?
    /// The session as it was stored, read after the broker asked. It counts when the broker does not know the session and it
    /// has not ended meanwhile; one with another key refuses the client.
    package var session: SessionSnapshot?

    package init(
        realm: MQTTString = "", principal: (any Principal)? = nil, clientID: MQTTString? = nil,
        responseInformation: MQTTString? = nil, authenticationData: ByteSlice? = nil, session: SessionSnapshot? = nil
    ) {
        self.realm = realm
        self.principal = principal
        self.clientID = clientID
        self.responseInformation = responseInformation
        self.authenticationData = authenticationData
        self.session = session
    }
}

/// What becomes of a message that a client published.
package enum PublishVerdict: Sendable {
    /// It is kept, if it is to be retained, and goes to whoever subscribed.
    case route
    /// It has been taken in, and nobody else gets it.
    case consume
    /// It is not wanted, now or later. The client is told with this reason, and the exchange is over (§4.3.2, §4.3.3); one of
    /// MQTT 3.1.1, which cannot be told, is disconnected without acknowledgement ([MQTT-3.3.5-2] of that standard).
    case refuse(ReasonCode, Properties = [])
    /// It could not be taken in now. It gets no acknowledgement, for any would end the exchange; the connection ends with this
    /// reason, and the client sends the message again when it is back ([MQTT-4.4.0-1]). A Will and a message of QoS 0 are sent
    /// once, so they are lost.
    case fail(ReasonCode)
}

/// What became of a message for one client.
package enum DeliveryOutcome: Sendable, Equatable {
    /// It is on its way.
    case sent
    /// It waits for the client.
    case kept
    /// There was no room, the client is away and the message is of QoS 0, it has expired, or it is larger than the client takes.
    case dropped
    /// There is no such session.
    case unknownClient
}

package enum SubscriptionVerdict: Sendable, Equatable {
    /// With this QoS at most.
    case grant(QoS)
    case refuse(ReasonCode)
}

/// Names a session: Client Identifiers are unique in a realm.
package struct SessionKey: Sendable, Hashable {
    package let realm: MQTTString
    package let clientID: MQTTString

    package init(realm: MQTTString, clientID: MQTTString) {
        self.realm = realm
        self.clientID = clientID
    }
}
