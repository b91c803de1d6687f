import MQTTCodec
import MQTTSession
import Testing

@Suite("CONNECT, keep-alive and take-over")
struct ConnectTests {
    @Test("a client is let in, and told what is not the default")
    func admitted() throws {
        let server = TestServer { $0.maximumKeepAlive = 60 }
        let client = server.client(
            "", keepAlive: 120, properties: [.requestResponseInformation(true), .sessionExpiryInterval(5)])
        let answer = try #require(client.connectAcknowledgement)
        #expect(answer.reason == .success && !answer.sessionPresent)
        #expect(answer.properties.assignedClientIdentifier == "assigned")
        #expect(answer.properties.serverKeepAlive == 60)
        #expect(answer.properties.receiveMaximum == 128)
        #expect(answer.properties.topicAliasMaximum == 16)
        #expect(!answer.properties.contains(.sessionExpiryInterval))
        #expect(!answer.properties.contains(.maximumQoS))
    }

    @Test("in MQTT 3.1.1 a client without an identifier cannot have a session")
    func zeroLengthIdentifier() {
        let server = TestServer()
        let refused = server.client("", .v3_1_1, clean: false)
        #expect(refused.connectAcknowledgement?.reason == .clientIdentifierNotValid)
        #expect(refused.isClosed)
        #expect(server.client("", .v3_1_1).connectAcknowledgement?.reason == .success)
    }

    @Test("nothing but CONNECT can be first; nothing is said to whoever tries", arguments: 2...15)
    func firstPacket(_ type: Int) {
        let server = TestServer()
        let client = server.open()
        client.send(bytes: [UInt8(type) << 4 | ([6, 8, 10].contains(type) ? 2 : 0), 2, 0, 1])
        #expect(client.isClosed)
        #expect(client.take().isEmpty)
        #expect(server.broker.connectionCount == 0)
    }

    @Test("a second CONNECT is a protocol error")
    func secondConnect() {
        let client = TestServer().client("a")
        client.send(.connect(Connect(clientID: "a")))
        #expect(client.disconnectReason == .protocolError)
        #expect(client.isClosed)
    }

    @Test("other versions are told so in their language, other protocols get nothing")
    func versions() {
        let server = TestServer()
        let old = server.open()
        old.send(bytes: [0x10, 13, 0, 4, 0x4D, 0x51, 0x54, 0x54, 3, 2, 0, 0, 0, 1, 0x61])
        #expect(old.connectAcknowledgement?.reason == .unsupportedProtocolVersion)
        let new = server.open()
        new.send(bytes: [0x10, 14, 0, 4, 0x4D, 0x51, 0x54, 0x54, 6, 2, 0, 0, 0, 0, 1, 0x61])
        #expect(new.connectAcknowledgement?.reason == .unsupportedProtocolVersion)
        let other = server.open()
        other.send(bytes: [0x10, 12, 0, 3, 0x4D, 0x51, 0x54, 5, 2, 0, 0, 0, 0, 1, 0x61])
        #expect(other.take().isEmpty && other.isClosed)
    }

    @Test("a refused client is told why, and that is the end")
    func refused() {
        let server = TestServer()
        server.authenticate = { _ in .refuse(.badUserNameOrPassword) }
        for version in [ProtocolVersion.v5, .v3_1_1] {
            let client = server.client("a", version)
            #expect(client.connectAcknowledgement?.reason == .badUserNameOrPassword)
            #expect(client.isClosed)
        }
        #expect(server.broker.session(SessionKey(realm: "", clientID: "a")) == nil)
    }

    @Test("what follows a CONNECT waits for its answer")
    func waits() {
        let server = TestServer()
        server.authenticate = { _ in nil }
        let client = server.client("a")
        client.send(.pingRequest)
        client.subscribe("x")
        #expect(client.take().isEmpty)
        #expect(!client.connection.wantsToRead)
        server.undecided[0].decide(AuthenticationVerdict.accept(Admission()))
        server.run()
        #expect(client.take().map(\.type) == [.connectAcknowledgement, .pingResponse, .subscribeAcknowledgement])
    }

    @Test("a client that is silent for one and a half times its keep-alive goes")
    func keepAlive() {
        let server = TestServer()
        let client = server.client("a", keepAlive: 10)
        let forever = server.client("b")
        _ = client.take()
        server.wait(seconds: 14)
        client.send(.pingRequest)
        #expect(client.take() == [.pingResponse])
        server.wait(seconds: 14.9)
        #expect(!client.isClosed)
        server.wait(seconds: 0.2)
        #expect(client.disconnectReason == .keepAliveTimeout)
        #expect(client.isClosed && !forever.isClosed)
    }

    @Test("a connection without a CONNECT ends soon")
    func connectTimeout() {
        let server = TestServer()
        let client = server.open()
        client.send(bytes: [0x10])
        server.wait(seconds: 11)
        #expect(client.isClosed)
        #expect(server.broker.connectionCount == 0)
    }

    @Test("a client identifier belongs to the last who took it")
    func takeOver() {
        let server = TestServer()
        let first = server.client("a", clean: false, properties: [.sessionExpiryInterval(60)])
        first.subscribe("x")
        let second = server.client("a", clean: false, properties: [.sessionExpiryInterval(60)])
        #expect(first.disconnectReason == .sessionTakenOver)
        #expect(first.isClosed)
        #expect(second.connectAcknowledgement?.sessionPresent == true)
        server.client("b").publish("x")
        #expect(second.takePublishes().count == 1)
        #expect(first.take().isEmpty)
    }

    @Test("in another realm the same identifier and the same topics are others")
    func realms() {
        let server = TestServer()
        server.authenticate = { .accept(Admission(realm: $0.connect.userName ?? "")) }
        func client(_ realm: MQTTString) -> TestClient {
            let client = server.open()
            client.send(.connect(Connect(clientID: "same", userName: realm)))
            client.subscribe("#")
            return client
        }
        let one = client("one")
        let two = client("two")
        #expect(!one.isClosed)
        one.publish("a", retain: true)
        #expect(one.takePublishes().count == 1)
        #expect(two.takePublishes().isEmpty)
        two.subscribe("$share/g/#")
        two.subscribe("+/#", id: 2)
        #expect(two.takePublishes().isEmpty)
    }

    @Test("authentication with a method goes back and forth, and can be repeated")
    func enhancedAuthentication() throws {
        let server = TestServer()
        server.authenticate = { request in
            switch request.data?.array {
            case [1]?: .challenge(ByteSlice([2]))
            case [3]?: .accept(Admission(authenticationData: ByteSlice([4])))
            default: .refuse(.notAuthorized)
            }
        }
        let client = server.client("a", properties: [.authenticationMethod("m"), .authenticationData(ByteSlice([1]))])
        guard case .authenticate(let challenge) = try #require(client.take().first) else { return #expect(Bool(false)) }
        #expect(challenge.reason == .continueAuthentication && challenge.properties.authenticationData?.array == [2])
        func authenticate(_ reason: ReasonCode, _ data: UInt8) {
            client.send(
                .authenticate(
                    Authenticate(
                        reason: reason,
                        properties: [.authenticationMethod("m"), .authenticationData(ByteSlice([data]))])))
        }
        authenticate(.continueAuthentication, 3)
        #expect(client.connectAcknowledgement?.properties.authenticationData?.array == [4])
        authenticate(.reauthenticate, 1)
        #expect(client.take().map(\.type) == [.authenticate])
        authenticate(.continueAuthentication, 3)
        guard case .authenticate(let success) = try #require(client.take().first) else { return #expect(Bool(false)) }
        #expect(success.reason == .success)
        authenticate(.reauthenticate, 9)
        #expect(client.disconnectReason == .notAuthorized)
    }

    @Test("AUTH without a method, or with another one, is a protocol error")
    func wrongAuthentication() {
        let server = TestServer()
        let without = server.client("a")
        without.send(.authenticate(Authenticate(reason: .reauthenticate, properties: [.authenticationMethod("m")])))
        #expect(without.disconnectReason == .protocolError)
        let other = server.client("b", properties: [.authenticationMethod("m")])
        other.send(.authenticate(Authenticate(reason: .reauthenticate, properties: [.authenticationMethod("n")])))
        #expect(other.disconnectReason == .protocolError)
        let unasked = server.client("c", properties: [.authenticationMethod("m")])
        unasked.send(
            .authenticate(Authenticate(reason: .continueAuthentication, properties: [.authenticationMethod("m")])))
        #expect(unasked.disconnectReason == .protocolError)
    }

    @Test("a client that comes and goes in one piece is told of as one that came and went")
    func comesAndGoes() {
        let server = TestServer()
        let packets: [Packet] = [
            .connect(Connect(clientID: "a")), .publish(Publish(topic: "t", payload: ByteSlice([1]))),
            .disconnect(Disconnect()),
        ]
        server.open().send(bytes: packets.flatMap { $0.encoded(.v5) ?? [] })
        let key = SessionKey(realm: "", clientID: "a")
        #expect(server.came == [key] && server.gone.map(\.0) == [key])
    }

    @Test("a client is sent elsewhere")
    func redirect() throws {
        let server = TestServer()
        server.authenticate = { _ in .refuse(.useAnotherServer, [.serverReference("b.example")]) }
        let refused = server.client("a")
        #expect(refused.connectAcknowledgement?.properties.serverReference == "b.example")
        server.authenticate = { _ in .accept(Admission()) }
        let client = server.client("a")
        server.broker.disconnect(SessionKey(realm: "", clientID: "a"), .serverMoved, [.serverReference("c.example")])
        server.run()
        guard case .disconnect(let packet) = try #require(client.take().last) else { return #expect(Bool(false)) }
        #expect(packet.reason == .serverMoved && packet.properties.serverReference == "c.example")
        #expect(client.isClosed)
    }
}
