import MQTTCodec
import MQTTSession

/// A broker whose decisions are made at once, unless a test keeps them back, and whose clock stands still.
final class TestServer {
    let broker: Broker
    var authenticate: (AuthenticationRequest) -> AuthenticationVerdict? = { _ in .accept(Admission()) }
    var authorize: ([SubscriptionRequest]) -> [SubscriptionVerdict]? = { $0.map { _ in .grant(.exactlyOnce) } }
    var accept: (PendingPublish) -> PublishVerdict? = { _ in .route }
    /// What was not decided.
    var pending: [PendingPublish] = []
    var undecided: [Question] = []
    var persisted: [SessionKey: SessionSnapshot] = [:]
    var came: [SessionKey] = []
    var gone: [(SessionKey, ReasonCode)] = []
    /// How often a connection was to be read from again.
    var resumed = 0
    /// Whether what is to be stored is stored at once; otherwise the test answers.
    var storesAtOnce = true
    /// Whether that succeeds.
    var canStore = true
    /// How often something was to be stored or forgotten.
    var writes = 0
    /// Of what, and whether it was done, when the test is to answer.
    var unanswered: [(key: SessionKey, isDone: Bool)] = []
    var retained: [MQTTString: Message] = [:]
    private var clients: [ObjectIdentifier: TestClient] = [:]

    init(_ change: (inout BrokerOptions) -> Void = { _ in }) {
        var options = BrokerOptions { "assigned" }
        // Nobody takes what is sent here unless a test does.
        options.writeTimeout = .max
        change(&options)
        broker = Broker(options: options, now: Instant(milliseconds: 1_000_000))
    }

    func open() -> TestClient {
        guard let connection = broker.open(Peer(address: "192.0.2.1")) else { fatalError("the server is full") }
        let client = TestClient(server: self, connection: connection)
        clients[ObjectIdentifier(connection)] = client
        return client
    }

    /// A client that has connected.
    func client(
        _ id: MQTTString, _ version: ProtocolVersion = .v5, clean: Bool = true, keepAlive: UInt16 = 0,
        will: Will? = nil,
        properties: Properties = []
    ) -> TestClient {
        let client = open()
        client.version = version
        client.send(
            .connect(
                Connect(
                    version: version, cleanStart: clean, keepAlive: keepAlive, clientID: id, will: will,
                    properties: properties)))
        return client
    }

    func run() {
        while broker.hasActions {
            for action in broker.takeActions() { perform(action) }
        }
    }

    private func perform(_ action: Action) {
        switch action {
        case .send(let connection, let packet): clients[ObjectIdentifier(connection)]?.received.append(packet)
        case .close(let connection): clients[ObjectIdentifier(connection)]?.isClosed = true
        case .authenticate(let question, let request):
            guard let verdict = authenticate(request) else { return undecided.append(question) }
            question.decide(verdict)
        case .authorize(let question, let requests):
            guard let verdicts = authorize(requests) else { return undecided.append(question) }
            question.decide(verdicts)
        case .accept(let publish):
            guard let verdict = accept(publish) else { return pending.append(publish) }
            broker.answer(publish, with: verdict)
        case .resume: resumed += 1
        case .connected(let key, _): came.append(key)
        case .disconnected(let key, _, let reason): gone.append((key, reason))
        case .persist(let snapshot):
            write(snapshot.key, snapshot)
        case .forget(let key): write(key, nil)
        case .retain(let message, let topic, _): retained[topic] = message
        }
    }

    private func write(_ key: SessionKey, _ snapshot: SessionSnapshot?) {
        writes += 1
        if canStore { persisted[key] = snapshot }
        guard !storesAtOnce else { return broker.written(key, isDone: canStore) }
        precondition(!unanswered.contains { $0.key == key }, "one write of a session at a time")
        unanswered.append((key, canStore))
    }

    /// Tells the broker what became of a write.
    func answerWrite(_ index: Int = 0, isDone: Bool) {
        broker.written(unanswered.remove(at: index).key, isDone: isDone)
        run()
    }

    func answer(_ index: Int, _ verdict: PublishVerdict = .route) {
        broker.answer(pending[index], with: verdict)
        run()
    }

    /// Lets time pass, with the ticks that belong to it.
    func pass(seconds: Double) {
        for _ in 0..<Int(seconds * 10) {
            broker.now.milliseconds += 100
            broker.tick()
            run()
        }
    }

    /// Lets time pass, with enough ticks that everything is looked at.
    func wait(seconds: Double) {
        broker.now.milliseconds += Int64(seconds * 1000)
        for _ in 0..<10 { broker.tick() }
        run()
    }
}

/// The other end of a connection.
final class TestClient {
    let server: TestServer
    let connection: Connection
    var version = ProtocolVersion.v5
    /// What came since it was last taken.
    var received: [Packet] = []
    var isClosed = false

    init(server: TestServer, connection: Connection) {
        self.server = server
        self.connection = connection
    }

    func send(_ packets: Packet...) {
        for packet in packets { send(bytes: packet.encoded(version) ?? []) }
    }

    func send(bytes: [UInt8]) {
        connection.receive(ByteSlice(bytes))
        server.run()
    }

    /// What came, which is then taken.
    func take() -> [Packet] {
        defer { received = [] }
        return received
    }

    /// The PUBLISH packets among what came, which is then taken.
    func takePublishes() -> [Publish] {
        take().compactMap { if case .publish(let publish) = $0 { publish } else { nil } }
    }

    func publish(
        _ topic: MQTTString, _ text: String = "x", qos: QoS = .atMostOnce, id: UInt16 = 0, retain: Bool = false,
        duplicate: Bool = false, properties: Properties = []
    ) {
        send(
            .publish(
                Publish(
                    topic: topic, payload: ByteSlice(Array(text.utf8)), packetID: id, qos: qos, retain: retain,
                    duplicate: duplicate, properties: properties)))
    }

    func subscribe(
        _ filter: MQTTString, _ options: SubscriptionOptions = SubscriptionOptions(qos: .exactlyOnce), id: UInt16 = 1,
        identifier: Int? = nil
    ) {
        send(
            .subscribe(
                Subscribe(
                    packetID: id, requests: [SubscriptionRequest(filter, options)],
                    properties: identifier.map { [.subscriptionIdentifier($0)] } ?? [])))
    }

    /// The network connection breaks.
    func lose() {
        connection.lost()
        server.run()
    }

    func flushed() {
        connection.flushed()
        server.run()
    }

    /// The CONNACK, which is then taken with all that came.
    var connectAcknowledgement: ConnectAcknowledgement? {
        for case .connectAcknowledgement(let packet) in take() { return packet }
        return nil
    }

    /// The reason of the DISCONNECT that came, which is then taken with all that came.
    var disconnectReason: ReasonCode? {
        for case .disconnect(let packet) in take() { return packet.reason }
        return nil
    }
}

extension Publish {
    var text: String { String(decoding: payload.array, as: UTF8.self) }
}
