"""paho-mqtt as a client: MQTT 3.1.1 and 5 over TCP, TLS and WebSocket.

usage: mqtt_paho.py PORT TLS_PORT WEBSOCKET_PORT AUTHORITY_PEM
Prints a line for each thing that it looks at, as deploy/lib/checks.sh expects.
"""
import queue
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

PATIENCE = 20
VERSIONS = {"3.1.1": mqtt.MQTTv311, "5": mqtt.MQTTv5}


class Client:
    """A connected client; what it receives is in `messages`."""

    def __init__(self, name, port, version=mqtt.MQTTv5, transport="tcp", authority=None, properties=None, clean=True, will=None):
        options = {"clean_session": clean} if version != mqtt.MQTTv5 else {}
        self.messages = queue.Queue()
        self.acknowledged = queue.Queue()
        self.connected = threading.Event()
        self.session_present = None
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, protocol=version, transport=transport, **options)
        if transport == "websockets":
            self.client.ws_set_options(path="/mqtt")
        if authority:
            self.client.tls_set(ca_certs=authority)
        if will:
            self.client.will_set(*will)
        self.client.on_connect = self._on_connect
        self.client.on_message = lambda _client, _data, message: self.messages.put(message)
        self.client.on_subscribe = lambda *_: self.acknowledged.put(True)
        more = {"properties": properties, "clean_start": clean} if version == mqtt.MQTTv5 else {}
        self.client.connect("localhost" if authority else "127.0.0.1", port, keepalive=30, **more)
        self.client.loop_start()
        if not self.connected.wait(PATIENCE):
            raise TimeoutError(f"{name} was not let in")

    def _on_connect(self, _client, _data, flags, reason, _properties):
        self.session_present = flags.session_present
        if not reason.is_failure:
            self.connected.set()

    def subscribe(self, *arguments, **named):
        self.client.subscribe(*arguments, **named)
        self.acknowledged.get(timeout=PATIENCE)

    def publish(self, topic, payload, qos=0, retain=False, properties=None):
        self.client.publish(topic, payload, qos, retain, properties).wait_for_publish(PATIENCE)

    def next(self):
        return self.messages.get(timeout=PATIENCE)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def vanish(self):
        """Goes without a DISCONNECT."""
        self.client.loop_stop()
        self.client.socket().close()


def round_trips(label, port, version, **options):
    subscriber = Client(f"sub {label}", port, version, **options)
    publisher = Client(f"pub {label}", port, version, **options)
    subscriber.subscribe(f"{label}/#", qos=2)
    large = bytes(range(256)) * 700
    for qos in (0, 1, 2):
        for payload in (b"", b"hello", large):
            publisher.publish(f"{label}/{qos}", payload, qos)
            message = subscriber.next()
            assert (message.topic, message.payload, message.qos) == (f"{label}/{qos}", payload, qos), message
    for client in (subscriber, publisher):
        client.close()


def retained(port):
    publisher = Client("retainer", port)
    publisher.publish("kept/1", b"old", 1, True)
    publisher.publish("kept/1", b"new", 1, True)
    for version in VERSIONS.values():
        client = Client("late", port, version)
        client.subscribe("kept/+", qos=1)
        message = client.next()
        assert message.retain and message.payload == b"new"
        client.close()
    publisher.publish("kept/1", b"", 1, True)
    publisher.close()


def session(port, version):
    expiry = None
    if version == mqtt.MQTTv5:
        expiry = Properties(PacketTypes.CONNECT)
        expiry.SessionExpiryInterval = 60
    client = Client("sleeper", port, version, clean=False, properties=expiry)
    client.subscribe("night/#", qos=2)
    client.close()
    publisher = Client("owl", port)
    for number in range(10):
        publisher.publish(f"night/{number}", str(number), 1)
    publisher.close()
    client = Client("sleeper", port, version, clean=False, properties=expiry)
    assert client.session_present
    assert [client.next().payload for _ in range(10)] == [str(number).encode() for number in range(10)]
    client.close()
    Client("sleeper", port, version).close()


def will(port):
    watcher = Client("watcher", port)
    watcher.subscribe("wills/#", qos=1)
    Client("doomed", port, will=("wills/doomed", b"gone", 1, False)).vanish()
    assert watcher.next().payload == b"gone"
    watcher.close()


def properties(port):
    client = Client("five", port)
    identifier = Properties(PacketTypes.SUBSCRIBE)
    identifier.SubscriptionIdentifier = 42
    client.subscribe("props", options=SubscribeOptions(qos=1, retainAsPublished=True), properties=identifier)
    sent = Properties(PacketTypes.PUBLISH)
    sent.UserProperty = [("a", "1"), ("a", "2")]
    sent.ContentType = "text/plain"
    sent.ResponseTopic = "answers"
    sent.CorrelationData = b"\x00\x01"
    sent.PayloadFormatIndicator = 1
    sent.MessageExpiryInterval = 100
    client.publish("props", "x", 1, True, sent)
    message = client.next()
    got = message.properties
    assert message.retain
    assert got.UserProperty == [("a", "1"), ("a", "2")] and got.ContentType == "text/plain", got
    assert got.ResponseTopic == "answers" and got.CorrelationData == b"\x00\x01" and got.SubscriptionIdentifier == [42], got
    assert got.MessageExpiryInterval <= 100 and got.PayloadFormatIndicator == 1, got
    client.publish("props", b"", 1, True)
    client.close()


def shared(port):
    members = [Client(f"member {number}", port) for number in range(3)]
    for member in members:
        member.subscribe("$share/group/work/+", qos=1)
    publisher = Client("boss", port)
    for number in range(30):
        publisher.publish(f"work/{number}", str(number), 1)
    taken = [[member.next().payload for _ in range(10)] for member in members]
    assert sorted(int(payload) for part in taken for payload in part) == list(range(30)), taken
    for client in (*members, publisher):
        client.close()


def main(port, tls_port, web_socket_port, authority):
    proofs = []
    for name, version in VERSIONS.items():
        proofs += [
            (f"round trips at QoS 0, 1 and 2, MQTT {name}", lambda v=version, n=name: round_trips(f"tcp{n}", port, v)),
            (f"over TLS, MQTT {name}", lambda v=version, n=name: round_trips(f"tls{n}", tls_port, v, authority=authority)),
            (
                f"over WebSocket, MQTT {name}",
                lambda v=version, n=name: round_trips(f"ws{n}", web_socket_port, v, transport="websockets"),
            ),
            (f"a session that waits, MQTT {name}", lambda v=version: session(port, v)),
        ]
    proofs += [
        ("retained messages", lambda: retained(port)),
        ("a Will", lambda: will(port)),
        ("properties, subscription identifier, retain as published", lambda: properties(port)),
        ("a shared subscription", lambda: shared(port)),
    ]
    for text, proof in proofs:
        try:
            proof()
            print(f"ok\tpaho-mqtt: {text}", flush=True)
        except Exception as fault:  # noqa: BLE001 - whatever went wrong is the finding
            print(f"FAILED\tpaho-mqtt: {text}\t{type(fault).__name__}: {fault}", flush=True)


main(*(int(argument) for argument in sys.argv[1:4]), sys.argv[4])
