import MQTTCodec

/// One network connection, from its first byte to its last: the server's side of the protocol (MQTT 3.1.1 and 5.0).
///
/// It parses what comes, does what the standard says, and leaves what is to be done outside in the broker's list of actions.
package final class Connection: Patrolled {
    /// Where the connection stands.
    enum Phase {
        /// The first packet must be a CONNECT ([MQTT-3.1.0-1]).
        case awaitingConnect
        /// Somebody decides about the CONNECT, or about the last AUTH that followed it.
        case deciding(Connect)
        /// The client must answer a challenge with an AUTH (§4.12).
        case challenged(Connect)
        case connected
        case closed
    }

    /// Somebody decides about something that a connected client wants; what it sends meanwhile waits.
    enum Undecided {
        case subscription(Subscribe)
        case reauthentication
    }

    /// Whoever holds a connection holds its broker: counting that, too, at every step is to no purpose.
    unowned(unsafe) let broker: Broker
    package var peer: Peer
    var phase = Phase.awaitingConnect
    var undecided: Undecided?
    /// How many were asked about it, and when the last was.
    var questions: UInt64 = 0
    var askedAt: Instant
    var framer = PacketFramer()
    package internal(set) var version = ProtocolVersion.v3_1_1
    package internal(set) var session: Session?
    /// Whoever carries the bytes keeps itself here for as long as it does.
    package var carrier: AnyObject?

    /// What the client said of itself in its CONNECT.
    var receiveMaximum: UInt16 = .max
    var maximumPacketSize: Int = .max
    var wantsProblemInformation = true
    var connectedExpiry: UInt32 = 0
    var authenticationMethod: MQTTString?
    /// Whether it was challenged while it authenticates anew, and owes an answer.
    var isChallenged = false

    var inboundAliases = InboundTopicAliases()
    var outboundAliases = OutboundTopicAliases(maximum: 0)
    /// Publishes of the client on this connection that are not answered (§4.9).
    var unanswered = 0
    /// Nodes that its subscriptions had searched for retained messages since its last turn.
    var searched = 0
    /// In milliseconds; nil when it is turned off.
    var silenceAllowed: Int64?
    var lastHeard: Instant
    /// Bytes that were handed over and perhaps are not on the wire, and since when there are some.
    private(set) var unsent = 0
    private(set) var unsentSince: Instant?
    var patrolPlace: Int?

    init(broker: Broker, peer: Peer) {
        self.broker = broker
        self.peer = peer
        lastHeard = broker.now
        askedAt = broker.now
        silenceAllowed = Int64(broker.options.connectTimeout) * 1000
    }

    package var isClosed: Bool { if case .closed = phase { true } else { false } }
    package var isConnected: Bool { if case .connected = phase { true } else { false } }

    /// Whether more bytes should be read from the network. When not, TCP makes the client wait.
    package var wantsToRead: Bool {
        isClosed || !isHeld && unsent < 4 * broker.options.unsentBytes
    }

    /// The network is read from again after a time when it was not: only from now on can the client be silent.
    package func readingResumed() { lastHeard = broker.now }

    // MARK: Input

    /// Takes what came from the network.
    ///
    /// - Parameter held: the bytes of memory that it keeps alive, when these are more than its own.
    package func receive(_ bytes: ByteSlice, holding held: Int = 0) {
        guard !isClosed else { return }
        framer.append(bytes, holding: held)
        proceed()
    }

    /// Handles the packets that have come, until there are no more or something has to be decided first.
    func proceed() {
        while !isHeld {
            do throws(MQTTFault) {
                guard let raw = try framer.next(limit: broker.options.decoding.packetSize) else { return }
                lastHeard = broker.now
                try handle(raw)
            } catch {
                fail(error)
            }
        }
        if isClosed { framer.clear() }
    }

    private var isHeld: Bool {
        switch phase {
        case .deciding, .closed: true
        case .connected:
            undecided != nil || hasSearchedEnough || session?.hasTooMuchPending(version) == true
                || broker.isEnding && framer.isAtPublish
        case .awaitingConnect, .challenged: false
        }
    }

    var hasSearchedEnough: Bool { searched > broker.options.retainedVisits }

    /// Whether the client waits for a decision about its CONNECT, its AUTH or its SUBSCRIBE.
    var isAsking: Bool {
        if case .deciding = phase { true } else { undecided != nil }
    }

    private func handle(_ raw: RawPacket) throws(MQTTFault) {
        if case .awaitingConnect = phase {
            guard raw.type == .connect else { throw .protocolError("the first packet is not a CONNECT") }
            // A faulty CONNECT is answered in its own version.
            switch PacketDecoder.protocolLevel(of: raw) {
            case nil: throw MQTTFault(.unsupportedProtocolVersion, "the protocol is not MQTT")
            case .some(let level): version = level >= 5 ? .v5 : .v3_1_1
            }
            speaks = true
        }
        let packet = try PacketDecoder(version: version, from: .client, limits: broker.options.decoding).decode(raw)
        switch phase {
        case .awaitingConnect:
            if case .connect(let connect) = packet { try receive(connect) }
        case .challenged(let connect):
            switch packet {
            case .authenticate(let authenticate): try receive(authenticate, continuing: connect)
            case .disconnect: closeSilently()
            default: throw .protocolError("only AUTH or DISCONNECT can follow a challenge")
            }
        case .connected: try receive(packet, raw)
        case .deciding, .closed: break
        }
    }

    private func receive(_ packet: Packet, _ raw: RawPacket) throws(MQTTFault) {
        switch packet {
        case .publish(let publish): try receive(publish, raw)
        case .publishAcknowledgement(let packet): receiveAcknowledgement(packet)
        case .publishReceived(let packet): receiveReceived(packet)
        case .publishRelease(let packet): receiveRelease(packet)
        case .publishComplete(let packet): receiveComplete(packet)
        case .subscribe(let subscribe): try receive(subscribe)
        case .unsubscribe(let unsubscribe): receive(unsubscribe)
        case .pingRequest: send(.pingResponse)  // [MQTT-3.12.4-1]
        case .disconnect(let disconnect): try receive(disconnect)
        case .authenticate(let authenticate): try receive(authenticate)
        case .connect: throw .protocolError("a second CONNECT")  // [MQTT-3.1.0-2]
        case .connectAcknowledgement, .subscribeAcknowledgement, .unsubscribeAcknowledgement, .pingResponse:
            throw .protocolError("a packet of this type comes from the other end")
        }
    }

    /// Whether a CONNECT of a known protocol has come, so that there is a language to refuse it in.
    var speaks = false

    // MARK: Output

    /// Sends what must be said; a client that does not take it cannot be served.
    func send(_ packet: Packet) {
        if !isClosed, !sendIfTaken(packet) { closeSilently() }
    }

    /// Sends the packet, without its explanations when the client takes nothing so large ([MQTT-3.1.2-24], [MQTT-3.2.2-19],
    /// [MQTT-3.2.2-20] and likewise).
    ///
    /// - Returns: whether the client takes it.
    func sendIfTaken(_ packet: Packet) -> Bool {
        guard let size = packet.encodedSize(version) else { return false }
        guard size > maximumPacketSize else {
            hand(packet, size)
            return true
        }
        let bare = packet.withoutExplanations
        guard let size = bare.encodedSize(version), size <= maximumPacketSize else { return false }
        hand(bare, size)
        return true
    }

    func hand(_ packet: Packet, _ size: Int) {
        if unsentSince == nil { unsentSince = broker.now }
        unsent += size
        broker.act(.send(self, packet))
    }

    /// Everything that was handed over is on the wire, and more may come.
    package func flushed() {
        unsent = 0
        unsentSince = nil
        guard isConnected else { return }
        session?.sendWaiting()
    }

    /// A Reason String for a client that wants one ([MQTT-3.1.2-29]).
    func explanation(_ fault: MQTTFault) -> Properties {
        guard version == .v5, wantsProblemInformation, let text = MQTTString(fault.description) else { return [] }
        return [.reasonString(text)]
    }
}
