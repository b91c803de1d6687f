import MQTTCodec
import Testing

@Suite("every packet says the same after it was written and read")
struct RoundTripTests {
    static let properties: Properties = [
        .payloadFormatIndicator(isUTF8: true), .messageExpiryInterval(4_000_000_000), .contentType("application/json"),
        .responseTopic("answers/1"), .correlationData(ByteSlice([1, 2, 3])), .userProperty(name: "a", value: "1"),
        .userProperty(name: "a", value: "2"),
    ]

    static let will = Will(
        topic: "devices/1/status", payload: ByteSlice([0, 1]), qos: .atLeastOnce, retain: true,
        properties: [.willDelayInterval(5), .contentType("x"), .userProperty(name: "k", value: "v")])

    static let fromClient: [Packet] = [
        .connect(
            Connect(
                cleanStart: false, keepAlive: 60, clientID: "device", will: will, userName: "me",
                password: ByteSlice([1, 2]),
                properties: [
                    .sessionExpiryInterval(3600), .receiveMaximum(10), .maximumPacketSize(1000), .topicAliasMaximum(5),
                    .requestResponseInformation(true), .requestProblemInformation(false),
                    .authenticationMethod("SCRAM"),
                    .authenticationData(ByteSlice([9])),
                ])),
        .connect(Connect(clientID: "")),
        .publish(Publish(topic: "a/b", payload: ByteSlice([1, 2, 3]))),
        .publish(
            Publish(
                topic: "", payload: ByteSlice(), packetID: 7, qos: .exactlyOnce, retain: true, duplicate: true,
                properties: [.topicAlias(3)])),
        .publish(
            Publish(topic: "ü/日本", payload: ByteSlice(), packetID: 65535, qos: .atLeastOnce, properties: properties)),
        .publishAcknowledgement(Acknowledgement(packetID: 1)),
        .publishAcknowledgement(Acknowledgement(packetID: 1, reason: .noMatchingSubscribers)),
        .publishReceived(Acknowledgement(packetID: 2, reason: .quotaExceeded, properties: [.reasonString("no room")])),
        .publishRelease(Acknowledgement(packetID: 3, reason: .packetIdentifierNotFound)),
        .publishComplete(Acknowledgement(packetID: 4, properties: [.userProperty(name: "a", value: "b")])),
        .subscribe(
            Subscribe(
                packetID: 5,
                requests: [
                    SubscriptionRequest("a/+/#", SubscriptionOptions(qos: .exactlyOnce, noLocal: true)),
                    SubscriptionRequest(
                        "$share/group/x", SubscriptionOptions(retainAsPublished: true, retainHandling: .never)),
                ], properties: [.subscriptionIdentifier(268_435_455)])),
        .unsubscribe(
            Unsubscribe(packetID: 6, filters: ["a", "b/#"], properties: [.userProperty(name: "x", value: "")])),
        .pingRequest, .disconnect(Disconnect()),
        .disconnect(Disconnect(reason: .disconnectWithWill, properties: [.sessionExpiryInterval(0)])),
        .authenticate(
            Authenticate(reason: .continueAuthentication, properties: [.authenticationMethod("SCRAM")])),
    ]

    static let fromServer: [Packet] = [
        .connectAcknowledgement(
            ConnectAcknowledgement(
                sessionPresent: true, reason: .success,
                properties: [
                    .sessionExpiryInterval(1), .receiveMaximum(2), .maximumQoS(.atLeastOnce), .retainAvailable(false),
                    .maximumPacketSize(3), .assignedClientIdentifier("auto"), .topicAliasMaximum(4),
                    .reasonString("ok"),
                    .wildcardSubscriptionAvailable(false), .subscriptionIdentifierAvailable(false),
                    .sharedSubscriptionAvailable(false), .serverKeepAlive(5), .responseInformation("r"),
                    .serverReference("s"),
                ])),
        .connectAcknowledgement(ConnectAcknowledgement(reason: .notAuthorized)),
        .publish(
            Publish(
                topic: "a", payload: ByteSlice([1]),
                properties: [.subscriptionIdentifier(1), .subscriptionIdentifier(2)])),
        .subscribeAcknowledgement(
            SubscribeAcknowledgement(packetID: 1, reasons: [.grantedQoS2, .notAuthorized, .success])),
        .unsubscribeAcknowledgement(
            SubscribeAcknowledgement(packetID: 2, reasons: [.noSubscriptionExisted], properties: [.reasonString("?")])),
        .pingResponse, .disconnect(Disconnect(reason: .serverMoved, properties: [.serverReference("elsewhere")])),
    ]

    @Test("in MQTT 5, from a client", arguments: fromClient)
    func client(_ packet: Packet) throws { try check(packet, .v5, .client) }

    @Test("in MQTT 5, from a server", arguments: fromServer)
    func server(_ packet: Packet) throws { try check(packet, .v5, .server) }

    @Test("in MQTT 3.1.1, where there are no properties and fewer reasons")
    func old() throws {
        var connect = Connect(version: .v3_1_1, cleanStart: false, keepAlive: 1, clientID: "d", userName: "u")
        connect.will = Will(topic: "w", payload: ByteSlice([1]), qos: .exactlyOnce)
        connect.password = ByteSlice([1])
        for packet: Packet in [
            .connect(connect), .publish(Publish(topic: "a", payload: ByteSlice([1]), packetID: 1, qos: .atLeastOnce)),
            .publishAcknowledgement(Acknowledgement(packetID: 1)), .publishRelease(Acknowledgement(packetID: 1)),
            .subscribe(
                Subscribe(packetID: 1, requests: [SubscriptionRequest("#", SubscriptionOptions(qos: .exactlyOnce))])),
            .unsubscribe(Unsubscribe(packetID: 1, filters: ["#"])), .disconnect(Disconnect()),
        ] { try check(packet, .v3_1_1, .client) }
        try check(
            .connectAcknowledgement(ConnectAcknowledgement(reason: .badUserNameOrPassword)), .v3_1_1, .server)
        try check(
            .subscribeAcknowledgement(
                SubscribeAcknowledgement(packetID: 1, reasons: [.grantedQoS1, .unspecifiedError])),
            .v3_1_1, .server)
        try check(
            .unsubscribeAcknowledgement(SubscribeAcknowledgement(packetID: 1, reasons: [])), .v3_1_1, .server)
        let refused = Packet.subscribeAcknowledgement(SubscribeAcknowledgement(packetID: 1, reasons: [.quotaExceeded]))
        #expect(refused.encoded(.v3_1_1) == [0x90, 3, 0, 1, 0x80])
    }

    private func check(_ packet: Packet, _ version: ProtocolVersion, _ sender: Sender) throws {
        let bytes = try #require(packet.encoded(version))
        #expect(bytes.count == packet.encodedSize(version))
        for step in [Int.max, 1, 3] {
            #expect(try Wire.decode(bytes + bytes, version: version, from: sender, step: step) == [packet, packet])
        }
    }

    @Test("the bytes are those of the standard's examples")
    func examples() throws {
        let publish = Packet.publish(Publish(topic: "a/b", payload: ByteSlice(), packetID: 10, qos: .atLeastOnce))
        #expect(publish.encoded(.v3_1_1) == [0x32, 7, 0, 3, 0x61, 0x2F, 0x62, 0, 10])
        #expect(publish.encoded(.v5) == [0x32, 8, 0, 3, 0x61, 0x2F, 0x62, 0, 10, 0])
        #expect(Packet.publishAcknowledgement(Acknowledgement(packetID: 258)).encoded(.v5) == [0x40, 2, 1, 2])
        #expect(Packet.disconnect(Disconnect(reason: .serverBusy)).encoded(.v5) == [0xE0, 1, 0x89])
    }

    @Test("a payload is a slice of what came, not a copy")
    func payloadIsShared() throws {
        let bytes = try #require(
            Packet.publish(Publish(topic: "a", payload: ByteSlice(Array(repeating: 7, count: 1_000)))).encoded(.v5))
        let input = ByteSlice(bytes)
        var framer = PacketFramer()
        framer.append(input)
        let raw = try #require(try framer.next(limit: 2_000))
        guard case .publish(let publish) = try PacketDecoder().decode(raw) else { return #expect(Bool(false)) }
        let inside = input.withUnsafeBytes { input in
            publish.payload.withUnsafeBytes { payload in
                payload.baseAddress.map { $0 >= input.baseAddress! && $0 < input.baseAddress! + input.count }
            }
        }
        #expect(inside == true)
        #expect(publish.payload.count == 1_000)
    }
}
