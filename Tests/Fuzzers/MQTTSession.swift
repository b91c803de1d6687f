// fuzz: MQTTCodec MQTTSession
import MQTTCodec
import MQTTSession

/// A sequence of what can happen to a broker: connections open, send bytes, break; time passes; decisions come at once, late or in
/// another order. Whatever happens, what the broker sends can be decoded, keeps to what the client said it takes, begins with a
/// CONNACK and ends with the connection.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let scene = Scene(Array(UnsafeBufferPointer(start: start, count: count)))
    scene.play()
    return 0
}

private final class Scene {
    private let broker: Broker
    private var script: ArraySlice<UInt8>
    private var slots: [Watched?] = [nil, nil, nil, nil]
    private var watched: [ObjectIdentifier: Watched] = [:]
    private var pending: [PendingPublish] = []
    private var undecided: [Question] = []
    private var isLate: UInt8 = 0
    private var persisted: [SessionKey: SessionSnapshot] = [:]

    init(_ script: [UInt8]) {
        self.script = script[...]
        var options = BrokerOptions { "assigned" }
        options.decoding = DecodingLimits(packetSize: 1_000, properties: 20, topicLevels: 10)
        options.receiveMaximum = 5
        options.outboundInflight = 4
        options.topicAliasMaximum = 3
        options.outboundTopicAliases = 3
        options.queue = QueueLimits(messages: 6, bytes: 10_000)
        options.retained = QueueLimits(messages: 4, bytes: 4_000)
        options.subscriptionsPerSession = 5
        options.subscriptionBytesPerSession = 8_000
        options.undecidedBytes = 2_000
        options.sessions = 6
        options.realm = RealmLimits(sessions: 5, subscriptionBytes: 20_000, heldBytes: 20_000, willBytes: 1_000)
        options.unsentBytes = 500
        options.maximumKeepAlive = 60
        broker = Broker(options: options, now: Instant(milliseconds: 0))
        broker.epoch = 1_000_000
    }

    func play() {
        while let operation = script.popFirst() {
            let slot = Int(operation >> 3 & 3)
            interfere(operation >> 5, slot)
            switch operation & 7 {
            case 0: open(slot)
            case 1: feed(slot)
            case 2:
                slots[slot]?.connection.lost()
                slots[slot] = nil
            case 3: pass(seconds: Int64(script.popFirst() ?? 0))
            case 4: slots[slot]?.connection.flushed()
            case 5: answer(script.popFirst() ?? 0)
            case 6: isLate = script.popFirst() ?? 0
            default: decide(script.popFirst() ?? 0)
            }
            run()
        }
        isLate = 0
        while let publish = pending.popLast() {
            broker.answer(publish, with: .route)
            run()
        }
        precondition(broker.undecidedCount == 0, "a publish was forgotten")
        for slot in slots { slot?.connection.lost() }
        run()
        pass(seconds: 100_000_000)
        run()
        precondition(broker.connectionCount == 0)
    }

    /// What comes from elsewhere than a client.
    private func interfere(_ choice: UInt8, _ slot: Int) {
        let key = slots[slot]?.connection.session?.key ?? SessionKey(realm: "", clientID: "assigned")
        let message = Message(topic: "a", payload: ByteSlice([1]), qos: .exactlyOnce)
        switch choice {
        case 1: broker.deliver(message, to: key)
        case 2: broker.disconnect(key, .administrativeAction)
        case 3: broker.removeSession(key)
        case 4: for snapshot in persisted.values { broker.restore(snapshot) }
        case 5: broker.restoreRetained(message, in: key.realm)
        case 6: broker.publish(message, in: key.realm)
        case 7: slot == 0 ? broker.shutDown() : broker.beginShutDown()
        default: break
        }
        run()
    }

    private func open(_ slot: Int) {
        slots[slot]?.connection.lost()
        guard let connection = broker.open(Peer(address: "")) else { return }
        let client = Watched(connection)
        watched[ObjectIdentifier(connection)] = client
        slots[slot] = client
    }

    private func feed(_ slot: Int) {
        let bytes = script.dropFirst().prefix(Int(script.first ?? 0))
        script = script.dropFirst(1 + bytes.count)
        slots[slot]?.says(Array(bytes))
        slots[slot]?.connection.receive(ByteSlice(bytes))
    }

    private func pass(seconds: Int64) {
        broker.now.milliseconds += seconds * 1_000
        for _ in 0..<3 { broker.tick() }
    }

    private func answer(_ choice: UInt8) {
        guard !pending.isEmpty else { return }
        let publish = pending.remove(at: Int(choice & 0x3F) % pending.count)
        switch choice >> 6 {
        case 0, 1: broker.answer(publish, with: .route)
        case 2: broker.answer(publish, with: choice & 0x20 == 0 ? .consume : .fail(.serverBusy))
        default: broker.answer(publish, with: .refuse(.quotaExceeded, [.reasonString("no")]))
        }
    }

    private func decide(_ choice: UInt8) {
        guard !undecided.isEmpty else { return }
        let question = undecided.remove(at: Int(choice & 0x0F) % undecided.count)
        switch choice >> 4 & 3 {
        case 0: question.decide(AuthenticationVerdict.accept(Admission(realm: choice & 0x80 == 0 ? "" : "other")))
        case 1: question.decide(AuthenticationVerdict.challenge(ByteSlice([1])))
        case 2: question.decide(AuthenticationVerdict.refuse(.banned))
        default: break
        }
        question.decide([SubscriptionVerdict](repeating: .grant(.atLeastOnce), count: Int(choice >> 6)))
    }

    private func run() {
        while broker.hasActions {
            for action in broker.takeActions() { perform(action) }
        }
    }

    private func perform(_ action: Action) {
        switch action {
        case .send(let connection, let packet): watched[ObjectIdentifier(connection)]?.take(packet)
        case .close(let connection): watched[ObjectIdentifier(connection)]?.isClosed = true
        case .authenticate(let question, let request):
            guard isLate & 1 == 0 else { return undecided.append(question) }
            let key = SessionKey(realm: "", clientID: request.connect.clientID)
            question.decide(AuthenticationVerdict.accept(Admission(session: persisted[key])))
        case .authorize(let question, let requests):
            guard isLate & 2 == 0 else { return undecided.append(question) }
            question.decide(requests.map { _ in SubscriptionVerdict.grant(.exactlyOnce) })
        case .accept(let publish):
            guard isLate & 4 == 0 else { return pending.append(publish) }
            broker.answer(publish, with: .route)
        case .persist(let snapshot):
            persisted[snapshot.key] = snapshot
            broker.written(snapshot.key, isDone: isLate & 8 == 0)
        case .forget(let key):
            persisted[key] = nil
            broker.written(key, isDone: isLate & 16 == 0)
        case .retain: break
        case .resume, .connected, .disconnected: break
        }
    }
}

/// A client's end of a connection, which minds what comes.
private final class Watched {
    let connection: Connection
    var isClosed = false
    private var hasConnectAcknowledgement = false
    /// What the client said in its CONNECT.
    private var connect: Connect?
    /// What it said, cut into packets, until it says something that is none.
    private var said: PacketFramer? = PacketFramer()
    /// The QoS 1 and 2 messages that came and whose exchange it has not ended.
    private var inflight: Set<UInt16> = []

    init(_ connection: Connection) { self.connection = connection }

    /// The client says something, which the server may look at later.
    func says(_ bytes: [UInt8]) {
        said?.append(ByteSlice(bytes))
        let limits = DecodingLimits(packetSize: 1_000, properties: 20, topicLevels: 10)
        do {
            while let raw = try said?.next(limit: limits.packetSize) {
                let decoder = PacketDecoder(version: connect?.version ?? .v5, limits: limits)
                switch try decoder.decode(raw) {
                case .connect(let packet): connect = connect ?? packet
                case .publishAcknowledgement(let packet), .publishComplete(let packet): inflight.remove(packet.packetID)
                case .publishReceived(let packet):
                    if packet.reason.isFailure { inflight.remove(packet.packetID) }
                default: break
                }
            }
        } catch {
            said = nil
        }
    }

    /// What it said in its CONNECT is kept to.
    private func check(_ packet: Packet, _ size: Int) {
        guard let connect else { return }
        precondition(
            size <= Int(connect.properties.maximumPacketSize ?? .max), "\(packet) is larger than the client takes")
        guard case .publish(let publish) = packet else { return }
        precondition((publish.properties.topicAlias ?? 0) <= connect.properties.topicAliasMaximum ?? 0)
        guard publish.qos != .atMostOnce else { return }
        inflight.insert(publish.packetID)
        precondition(inflight.count <= Int(connect.properties.receiveMaximum ?? .max), "more than the client takes")
    }

    func take(_ packet: Packet) {
        precondition(!isClosed, "something is sent after the end")
        let version = connection.version
        guard let bytes = packet.encoded(version) else { fatalError("it cannot be written") }
        var framer = PacketFramer(from: .server)
        framer.append(ByteSlice(bytes))
        do {
            guard let raw = try framer.next(limit: .max) else { fatalError("it is cut short") }
            let limits = DecodingLimits(packetSize: .max, properties: 100, topicLevels: 10)
            let decoded = try PacketDecoder(version: version, from: .server, limits: limits).decode(raw)
            // MQTT 3.1.1 has fewer words for what went wrong.
            precondition(decoded == packet || version == .v3_1_1 && decoded.type == packet.type)
        } catch {
            fatalError("\(packet) cannot be read: \(error)")
        }
        check(packet, bytes.count)
        switch packet {
        case .connectAcknowledgement:
            precondition(!hasConnectAcknowledgement, "a second CONNACK")
            hasConnectAcknowledgement = true
        case .authenticate: break
        default: precondition(hasConnectAcknowledgement, "something comes before CONNACK")
        }
    }
}
