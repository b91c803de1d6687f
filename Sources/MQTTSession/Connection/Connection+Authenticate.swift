import MQTTCodec

/// Enhanced authentication (MQTT 5.0 §4.12).
extension Connection {
    /// An AUTH between CONNECT and CONNACK.
    func receive(_ authenticate: Authenticate, continuing connect: Connect) throws(MQTTFault) {
        try checkMethod(authenticate)
        guard authenticate.reason == .continueAuthentication else {  // [MQTT-4.12.0-3]
            throw .protocolError("an answer to a challenge has another reason than to continue")
        }
        phase = .deciding(connect)
        ask(.answer, connect, data: authenticate.properties.authenticationData)
    }

    /// An AUTH of a connected client (§4.12.1).
    func receive(_ authenticate: Authenticate) throws(MQTTFault) {
        try checkMethod(authenticate)
        guard authenticate.reason != .success else {
            throw .protocolError("a client cannot end the authentication")
        }
        guard authenticate.reason == .reauthenticate || isChallenged else {
            throw .protocolError("an AUTH answers no challenge")
        }
        guard let session else { return }
        isChallenged = false
        undecided = .reauthentication
        let connect = Connect(clientID: session.key.clientID)
        ask(
            authenticate.reason == .reauthenticate ? .again : .answer, connect,
            data: authenticate.properties.authenticationData)
    }

    func decideReauthentication(_ verdict: AuthenticationVerdict) {
        switch verdict {
        case .accept(let admission):
            session?.principal = admission.principal
            sendAuthenticate(.success, admission.authenticationData)
        case .challenge(let data):
            isChallenged = true
            sendAuthenticate(.continueAuthentication, data)
        case .refuse(let reason, let properties):
            close(reason == .badAuthenticationMethod ? .notAuthorized : reason, properties)
        }
    }

    func sendAuthenticate(_ reason: ReasonCode, _ data: ByteSlice?) {
        var list: [Property] = []
        if let authenticationMethod { list.append(.authenticationMethod(authenticationMethod)) }
        if let data { list.append(.authenticationData(data)) }
        send(.authenticate(Authenticate(reason: reason, properties: Properties(list))))
    }

    /// The method stays what CONNECT said ([MQTT-4.12.0-5], [MQTT-4.12.1-1]); without one there is no AUTH
    /// ([MQTT-4.12.0-6]).
    private func checkMethod(_ authenticate: Authenticate) throws(MQTTFault) {
        guard let method = authenticationMethod else {
            throw .protocolError("an AUTH comes without a method in CONNECT")
        }
        guard authenticate.properties.authenticationMethod == method else {
            throw .protocolError("an AUTH has another method than the CONNECT")
        }
    }
}
