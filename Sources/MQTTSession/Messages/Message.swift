import MQTTCodec

/// An Application Message (MQTT 5.0 §1.2): what one client publishes and any number of them get, shared and never changed.
package final class Message: Sendable {
    package let topic: MQTTString
    package let payload: ByteSlice
    package let qos: QoS
    package let retain: Bool
    /// What is passed on unaltered: payload format, content type, response topic, correlation data and the user properties in
    /// their order ([MQTT-3.3.2-4], [MQTT-3.3.2-15] to [MQTT-3.3.2-20]).
    package let properties: Properties
    /// When the message expires (§3.3.2.3.3).
    package let expiry: Instant?
    /// About what it takes to keep it, in bytes.
    package let footprint: Int
    private let ownsItsBytes: Bool

    /// - Parameter properties: without Message Expiry Interval, Topic Alias and Subscription Identifiers.
    package convenience init(
        topic: MQTTString, payload: ByteSlice, qos: QoS = .atMostOnce, retain: Bool = false,
        properties: Properties = [],
        expiry: Instant? = nil
    ) {
        self.init(
            topic: topic, payload: payload, qos: qos, retain: retain, properties: properties, expiry: expiry,
            ownsItsBytes: false)
    }

    private init(
        topic: MQTTString, payload: ByteSlice, qos: QoS, retain: Bool, properties: Properties, expiry: Instant?,
        ownsItsBytes: Bool
    ) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.properties = properties
        self.expiry = expiry
        self.ownsItsBytes = ownsItsBytes
        footprint = Message.overhead + topic.count + payload.count + properties.encoded.count
    }

    /// The same message in memory of its own: to be kept, it must not hold the buffer that it came in.
    package func stored() -> Message {
        ownsItsBytes
            ? self
            : Message(
                topic: topic.detached(), payload: payload.detached(), qos: qos, retain: retain,
                properties: properties.detached(), expiry: expiry, ownsItsBytes: true)
    }

    /// The same message with its expiry by a clock whose zero is so many milliseconds earlier.
    package func moved(by milliseconds: Int64) -> Message {
        guard let expiry else { return self }
        return Message(
            topic: topic, payload: payload, qos: qos, retain: retain, properties: properties,
            expiry: expiry.moved(by: milliseconds), ownsItsBytes: ownsItsBytes)
    }

    package func hasExpired(at now: Instant) -> Bool {
        guard let expiry else { return false }
        return expiry <= now
    }

    /// About what it takes without its texts, in bytes.
    static let overhead = 160
}

/// A message on its way to one client.
package struct Delivery: Sendable {
    package var message: Message
    package var qos: QoS
    package var retain: Bool
    /// Of all subscriptions that it comes by ([MQTT-3.3.4-3] to [MQTT-3.3.4-5]).
    package var subscriptionIdentifiers: [Int]
    /// The share that it comes by, if it does.
    package var share: Share?

    package init(
        message: Message, qos: QoS, retain: Bool = false, subscriptionIdentifiers: [Int] = [], share: Share? = nil
    ) {
        self.message = message
        self.qos = qos
        self.retain = retain
        self.subscriptionIdentifiers = subscriptionIdentifiers
        self.share = share
    }

    /// What a subscription makes of a message ([MQTT-3.8.4-8], [MQTT-3.3.1-12], [MQTT-3.3.1-13]).
    init(of message: Message, by subscription: Subscription, share: Share? = nil) {
        self.init(
            message: message, qos: min(message.qos, subscription.options.qos),
            retain: message.retain && subscription.options.retainAsPublished,
            subscriptionIdentifiers: subscription.identifiers, share: share)
    }

    /// About what it takes to keep it, in bytes: of a message that goes to many, each counts the whole.
    var footprint: Int { Delivery.footprint(message, identifiers: subscriptionIdentifiers.count) }

    static func footprint(_ message: Message, identifiers: Int) -> Int {
        message.footprint + (identifiers == 0 ? 0 : 32 + 8 * identifiers)
    }

    func moved(by milliseconds: Int64) -> Delivery {
        var moved = self
        moved.message = message.moved(by: milliseconds)
        return moved
    }
}

/// What members of a shared subscription have in common (MQTT 5.0 §4.8.2).
package final class Share: Sendable {
    package let name: MQTTString
    package let filter: MQTTString

    package init(name: MQTTString, filter: MQTTString) {
        self.name = name
        self.filter = filter
    }
}

/// A moment on a clock that only goes forward, in milliseconds.
package struct Instant: Sendable, Comparable, Hashable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func < (left: Instant, right: Instant) -> Bool { left.milliseconds < right.milliseconds }

    func moved(by milliseconds: Int64) -> Instant { Instant(milliseconds: self.milliseconds + milliseconds) }

    package func after(seconds: UInt32) -> Instant { Instant(milliseconds: milliseconds + Int64(seconds) * 1000) }

    /// Whether more than so many seconds have gone by since then.
    func isPast(_ earlier: Instant, bySeconds seconds: UInt32) -> Bool {
        milliseconds - earlier.milliseconds > Int64(seconds) * 1000
    }

    /// Whole seconds until then, rounded up, never less than 0.
    package func seconds(until later: Instant) -> UInt32 {
        UInt32(clamping: (later.milliseconds - milliseconds + 999) / 1000)
    }
}
