import MQTTCodec
import MQTTSession
import Testing

@Suite("SUBSCRIBE, retained messages and shared subscriptions")
struct SubscribeTests {
    @Test("each filter gets its own answer")
    func answers() {
        let server = TestServer {
            $0.subscriptionsPerSession = 3; $0.wildcardSubscriptionAvailable = false
        }
        server.authorize = { $0.map { $0.filter == "secret" ? .refuse(.notAuthorized) : .grant(.atLeastOnce) } }
        let client = server.client("a")
        _ = client.take()
        let requests = ["a", "secret", "b", "+", "c", "d"].map {
            SubscriptionRequest(MQTTString($0) ?? "", SubscriptionOptions(qos: .exactlyOnce))
        }
        client.send(.subscribe(Subscribe(packetID: 1, requests: requests)))
        #expect(
            client.take() == [
                .subscribeAcknowledgement(
                    SubscribeAcknowledgement(
                        packetID: 1,
                        reasons: [
                            .grantedQoS1, .notAuthorized, .grantedQoS1, .wildcardSubscriptionsNotSupported,
                            .grantedQoS1,
                            .quotaExceeded,
                        ]))
            ])
    }

    @Test("what follows a SUBSCRIBE waits until it is decided")
    func waits() {
        let server = TestServer()
        server.authorize = { _ in nil }
        let client = server.client("a")
        _ = client.take()
        client.subscribe("t")
        client.publish("t", qos: .atLeastOnce, id: 2)
        #expect(client.take().isEmpty && !client.connection.wantsToRead)
        server.undecided[0].decide([SubscriptionVerdict.grant(.atMostOnce)])
        server.run()
        #expect(client.take().map(\.type) == [.subscribeAcknowledgement, .publish, .publishAcknowledgement])
    }

    @Test("unsubscribing is told whether there was something")
    func unsubscribe() {
        let server = TestServer()
        let client = server.client("a")
        client.subscribe("a/+")
        _ = client.take()
        client.send(.unsubscribe(Unsubscribe(packetID: 2, filters: ["a/+", "a/+"])))
        #expect(
            client.take() == [
                .unsubscribeAcknowledgement(
                    SubscribeAcknowledgement(packetID: 2, reasons: [.success, .noSubscriptionExisted]))
            ])
        client.publish("a/b", qos: .atLeastOnce, id: 1)
        #expect(
            client.take() == [.publishAcknowledgement(Acknowledgement(packetID: 1, reason: .noMatchingSubscribers))])
    }

    @Test("overlapping subscriptions make one message, at the highest QoS and with all identifiers")
    func overlapping() {
        let server = TestServer()
        let client = server.client("a")
        client.subscribe("a/#", SubscriptionOptions(qos: .atLeastOnce), identifier: 1)
        client.subscribe("a/+", SubscriptionOptions(qos: .exactlyOnce), identifier: 2)
        client.subscribe("a/b", SubscriptionOptions(qos: .atMostOnce, retainAsPublished: true))
        server.client("b").publish("a/b", qos: .exactlyOnce, id: 1)
        let publishes = client.takePublishes()
        #expect(publishes.count == 1 && publishes[0].qos == .exactlyOnce)
        #expect(Set(publishes[0].properties.subscriptionIdentifiers) == [1, 2])
    }

    @Test("no-local keeps a client's own messages from it")
    func noLocal() {
        let server = TestServer()
        let client = server.client("a")
        client.subscribe("#", SubscriptionOptions(noLocal: true))
        let other = server.client("b")
        other.subscribe("#", SubscriptionOptions(noLocal: true))
        client.publish("t")
        #expect(client.takePublishes().isEmpty)
        #expect(other.takePublishes().count == 1)
    }

    @Test("the last retained message of each topic comes with a subscription, as retain handling says")
    func retained() {
        let server = TestServer()
        let publisher = server.client("p")
        publisher.publish("t/1", "old", retain: true)
        publisher.publish("t/1", "new", qos: .atLeastOnce, id: 1, retain: true)
        publisher.publish("t/2", "gone", retain: true)
        publisher.publish("t/2", "", retain: true)
        publisher.publish("t/3", "aged", retain: true, properties: [.messageExpiryInterval(1)])
        publisher.publish("$SYS/x", "server", retain: true)
        server.wait(seconds: 2)
        let client = server.client("a")
        func subscribed(_ handling: SubscriptionOptions.RetainHandling, _ filter: MQTTString = "#") -> [Publish] {
            client.subscribe(filter, SubscriptionOptions(qos: .exactlyOnce, retainHandling: handling), identifier: 4)
            return client.takePublishes()
        }
        #expect(subscribed(.never).isEmpty)
        #expect(subscribed(.ifNew).isEmpty)
        let publishes = subscribed(.always)
        #expect(publishes.map(\.text) == ["new"])
        #expect(publishes[0].retain && publishes[0].qos == .atLeastOnce)
        #expect(publishes[0].properties.subscriptionIdentifiers == [4])
        #expect(subscribed(.ifNew, "t/+").count == 1)
        #expect(subscribed(.always, "$SYS/#").count == 1)
        #expect(subscribed(.always, "$share/g/t/+").isEmpty)
    }

    @Test("the retain flag is passed on only to whoever asked for it")
    func retainAsPublished() {
        let server = TestServer()
        let client = server.client("a")
        client.subscribe("x")
        let keeping = server.client("b")
        keeping.subscribe("x", SubscriptionOptions(retainAsPublished: true))
        server.client("p").publish("x", retain: true)
        #expect(client.takePublishes().map(\.retain) == [false])
        #expect(keeping.takePublishes().map(\.retain) == [true])
    }

    @Test("there is a limit to what is retained")
    func retainedQuota() {
        let server = TestServer { $0.retained.messages = 1 }
        let client = server.client("a")
        _ = client.take()
        client.publish("a", qos: .atLeastOnce, id: 1, retain: true)
        client.publish("b", qos: .atLeastOnce, id: 2, retain: true)
        client.publish("a", qos: .atLeastOnce, id: 3, retain: true)
        let reasons = client.take().compactMap { packet -> ReasonCode? in
            if case .publishAcknowledgement(let packet) = packet { packet.reason } else { nil }
        }
        #expect(reasons == [.noMatchingSubscribers, .quotaExceeded, .noMatchingSubscribers])
    }

    @Test("a shared subscription gives each message to one member, to those that are there first")
    func shared() {
        let server = TestServer()
        let members = (0..<3).map { number in
            let client = server.client(MQTTString("m\(number)") ?? "none", properties: [.sessionExpiryInterval(60)])
            client.subscribe("$share/g/t/+")
            _ = client.take()
            return client
        }
        let outsider = server.client("o")
        outsider.subscribe("t/+")
        let publisher = server.client("p")
        for number in 0..<9 {
            publisher.publish(number % 2 == 0 ? "t/0" : "t/1", "\(number)", qos: .atLeastOnce, id: UInt16(number + 1))
        }
        #expect(members.map { $0.takePublishes().count } == [3, 3, 3])
        #expect(outsider.takePublishes().count == 9)
        members[0].lose()
        for number in 0..<4 { publisher.publish("t/1", qos: .atLeastOnce, id: UInt16(number + 20)) }
        #expect(members[1].takePublishes().count + members[2].takePublishes().count == 4)
        members[1].lose()
        members[2].lose()
        publisher.publish("t/1", qos: .atLeastOnce, id: 40)
        let waiting = (0..<3).map {
            server.broker.session(SessionKey(realm: "", clientID: MQTTString("m\($0)") ?? ""))?.queuedCount ?? 0
        }
        #expect(waiting.reduce(0, +) == 1)
    }

    @Test("$-topics are not found by leading wildcards")
    func serverTopics() {
        let server = TestServer()
        let client = server.client("a")
        client.subscribe("#")
        client.subscribe("+/x", id: 2)
        client.publish("$SYS/x")
        #expect(client.takePublishes().isEmpty)
        client.subscribe("$SYS/#", id: 3)
        client.publish("$SYS/x")
        #expect(client.takePublishes().count == 1)
    }
}
