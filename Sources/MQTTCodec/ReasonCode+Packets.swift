extension ReasonCode {
    /// Whether a packet of this type may carry the code (MQTT 5.0 §2.4, table 2-6, and each packet's own table).
    func isAllowed(in type: PacketType) -> Bool {
        switch type {
        case .connectAcknowledgement: ReasonCode.inConnectAcknowledgement.contains(self)
        case .publishAcknowledgement, .publishReceived: ReasonCode.inPublishAcknowledgement.contains(self)
        case .publishRelease, .publishComplete: self == .success || self == .packetIdentifierNotFound
        case .subscribeAcknowledgement: ReasonCode.inSubscribeAcknowledgement.contains(self)
        case .unsubscribeAcknowledgement: ReasonCode.inUnsubscribeAcknowledgement.contains(self)
        case .disconnect: ReasonCode.inDisconnect.contains(self)
        case .authenticate: self == .success || self == .continueAuthentication || self == .reauthenticate
        default: false
        }
    }

    /// Whether this end may send it in a DISCONNECT (MQTT 5.0 §3.14.2.1, table 3-10).
    func mayEndConnection(from sender: Sender) -> Bool {
        switch self {
        case .disconnectWithWill: sender == .client
        case .notAuthorized, .serverBusy, .serverShuttingDown, .keepAliveTimeout, .sessionTakenOver,
            .topicFilterInvalid, .retainNotSupported, .qosNotSupported, .useAnotherServer, .serverMoved,
            .sharedSubscriptionsNotSupported, .connectionRateExceeded, .maximumConnectTime,
            .subscriptionIdentifiersNotSupported, .wildcardSubscriptionsNotSupported:
            sender == .server
        default: true
        }
    }

    /// The same, or what comes nearest among the codes that a packet of this type may carry.
    package func fitting(_ type: PacketType) -> ReasonCode {
        guard !isAllowed(in: type) else { return self }
        switch (type, self) {
        case (.connectAcknowledgement, .serverShuttingDown): return .serverUnavailable
        case (.connectAcknowledgement, .administrativeAction): return .notAuthorized
        case (.disconnect, .badUserNameOrPassword), (.disconnect, .badAuthenticationMethod), (.disconnect, .banned):
            return .notAuthorized
        case (.disconnect, .serverUnavailable): return .serverBusy
        case (.publishAcknowledgement, .banned), (.publishReceived, .banned): return .notAuthorized
        case (.publishAcknowledgement, .messageRateTooHigh), (.publishReceived, .messageRateTooHigh):
            return .quotaExceeded
        default: return .implementationSpecificError
        }
    }

    private static let inConnectAcknowledgement: Set<ReasonCode> = [
        .success, .unspecifiedError, .malformedPacket, .protocolError, .implementationSpecificError,
        .unsupportedProtocolVersion, .clientIdentifierNotValid, .badUserNameOrPassword, .notAuthorized,
        .serverUnavailable, .serverBusy, .banned, .badAuthenticationMethod, .topicNameInvalid, .packetTooLarge,
        .quotaExceeded, .payloadFormatInvalid, .retainNotSupported, .qosNotSupported, .useAnotherServer, .serverMoved,
        .connectionRateExceeded,
    ]

    private static let inPublishAcknowledgement: Set<ReasonCode> = [
        .success, .noMatchingSubscribers, .unspecifiedError, .implementationSpecificError, .notAuthorized,
        .topicNameInvalid, .packetIdentifierInUse, .quotaExceeded, .payloadFormatInvalid,
    ]

    private static let inSubscribeAcknowledgement: Set<ReasonCode> = [
        .success, .grantedQoS1, .grantedQoS2, .unspecifiedError, .implementationSpecificError, .notAuthorized,
        .topicFilterInvalid, .packetIdentifierInUse, .quotaExceeded, .sharedSubscriptionsNotSupported,
        .subscriptionIdentifiersNotSupported, .wildcardSubscriptionsNotSupported,
    ]

    private static let inUnsubscribeAcknowledgement: Set<ReasonCode> = [
        .success, .noSubscriptionExisted, .unspecifiedError, .implementationSpecificError, .notAuthorized,
        .topicFilterInvalid, .packetIdentifierInUse,
    ]

    private static let inDisconnect: Set<ReasonCode> = [
        .success, .disconnectWithWill, .unspecifiedError, .malformedPacket, .protocolError,
        .implementationSpecificError, .notAuthorized, .serverBusy, .serverShuttingDown, .keepAliveTimeout,
        .sessionTakenOver, .topicFilterInvalid, .topicNameInvalid, .receiveMaximumExceeded, .topicAliasInvalid,
        .packetTooLarge, .messageRateTooHigh, .quotaExceeded, .administrativeAction, .payloadFormatInvalid,
        .retainNotSupported, .qosNotSupported, .useAnotherServer, .serverMoved, .sharedSubscriptionsNotSupported,
        .connectionRateExceeded, .maximumConnectTime, .subscriptionIdentifiersNotSupported,
        .wildcardSubscriptionsNotSupported,
    ]
}
