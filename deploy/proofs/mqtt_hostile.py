"""Packets that nobody should send: each closes its own connection with the right reason and disturbs nobody else.

usage: mqtt_hostile.py PORT PID
PID is the broker's process: what it holds more at the end than at the beginning is counted.
"""
import socket
import struct
import sys
import threading
import time

MEGABYTE = 1 << 20
MALFORMED, PROTOCOL, VERSION, CLIENT_ID, FILTER, NAME = 0x81, 0x82, 0x84, 0x85, 0x8F, 0x90
ALIAS, TOO_LARGE, RECEIVE_MAXIMUM, QUOTA, FORMAT = 0x94, 0x95, 0x93, 0x97, 0x99


def length(number):
    out = b""
    while True:
        out += bytes([number & 127 | (128 if number > 127 else 0)])
        number >>= 7
        if not number:
            return out


def packet(first, body=b""):
    return bytes([first]) + length(len(body)) + body


def text(value):
    raw = value if isinstance(value, bytes) else value.encode()
    return struct.pack(">H", len(raw)) + raw


def connect(client="hostile", level=5, flags=2, properties=b"", name="MQTT", tail=b""):
    head = text(name) + bytes([level, flags, 0, 60])
    return packet(0x10, head + (length(len(properties)) + properties if level == 5 else b"") + text(client) + tail)


def publish(topic, properties=b"", first=0x30, identifier=b"", payload=b"x"):
    return packet(first, text(topic) + identifier + length(len(properties)) + properties + payload)


def subscribe(topic_filter, options=0, properties=b"", identifier=b"\0\1"):
    return packet(0x82, identifier + length(len(properties)) + properties + text(topic_filter) + bytes([options]))


def unsubscribe(topic_filter, identifier=b"\0\1"):
    return packet(0xA2, identifier + b"\0" + text(topic_filter))


BAD_TEXTS = {
    "overlong UTF-8": b"\xc0\x80",
    "a surrogate": b"\xed\xa0\x80",
    "beyond Unicode": b"\xf4\x90\x80\x80",
    "a cut character": b"a\xe2\x82",
    "U+0000": b"a\0b",
}

# (what, bytes, reason of the CONNACK or DISCONNECT, or None for an end without a word)
BEFORE = [
    ("CONNECT with another protocol name", connect(name="HTTP"), None),
    ("CONNECT of MQTT 3.1", connect(name="MQIsdp", level=3), None),
    ("CONNECT of level 6", connect(level=6), VERSION),
    ("CONNECT of level 3", connect(level=3), 1),
    ("CONNECT with the reserved flag", connect(flags=3), MALFORMED),
    ("CONNECT with flags of the fixed header", b"\x11" + connect()[1:], None),
    ("CONNECT with a Will of QoS 3", connect(flags=0x1E), MALFORMED),
    ("CONNECT with Will flags and no Will", connect(flags=0x2A), MALFORMED),
    ("CONNECT without the user name it announces", connect(flags=0x82), MALFORMED),
    ("CONNECT that ends within a field", packet(0x10, text("MQTT") + b"\5\2\0"), MALFORMED),
    ("CONNECT with bytes behind its end", connect(tail=b"\0\0\0"), MALFORMED),
    ("CONNECT with a property twice", connect(properties=b"\x21\0\1\x21\0\1"), PROTOCOL),
    ("CONNECT with receive maximum 0", connect(properties=b"\x21\0\0"), PROTOCOL),
    ("CONNECT with maximum packet size 0", connect(properties=b"\x27\0\0\0\0"), PROTOCOL),
    ("CONNECT with a PUBLISH's property", connect(properties=b"\x23\0\1"), MALFORMED),
    ("CONNECT with an unknown property", connect(properties=b"\x7e\0"), MALFORMED),
    ("CONNECT with authentication data and no method", connect(properties=b"\x16\0\1x"), PROTOCOL),
    ("CONNECT with properties longer than the packet", packet(0x10, text("MQTT") + b"\5\2\0\x3c\x7f\x11"), MALFORMED),
    ("CONNECT with a Will topic that has a wildcard", connect(flags=6, tail=b"\0" + text("a/#") + text("x")), MALFORMED),
    ("CONNECT with a Will's property twice",
     connect(flags=6, tail=b"\x0a\x18\0\0\0\1\x18\0\0\0\1" + text("a") + text("x")), PROTOCOL),
    ("CONNECT with a PUBLISH's property for its Will", connect(flags=6, tail=b"\3\x23\0\1" + text("a") + text("x")), MALFORMED),
    ("CONNECT with a Will that is not the text it says", connect(flags=6, tail=b"\2\1\1" + text("a") + text(b"\xff")), FORMAT),
    ("CONNECT with an endless client identifier", connect(client="x" * 60_000), CLIENT_ID),
    ("CONNECT that claims 256 MiB", b"\x10\xff\xff\xff\x7f", None),
    ("a length of five bytes", b"\x10\xff\xff\xff\xff\x01", None),
    *[(f"CONNECT with a client identifier of {what}", connect(client=raw), MALFORMED) for what, raw in BAD_TEXTS.items()],
    *[(f"a packet of type {kind} before CONNECT", packet(kind << 4 | (2 if kind in (6, 8, 10) else 0), b"\0\1"), None)
      for kind in (0, *range(2, 16))],
]

AFTER = [
    ("a second CONNECT", connect(), PROTOCOL),
    ("a packet of type 0", b"\0\0", MALFORMED),
    *[(f"a server's packet of type {kind}", packet(kind << 4, b"\0\1"), PROTOCOL) for kind in (2, 9, 11, 13)],
    *[(f"wrong flags in type {first >> 4}", packet(first, b"\0\1"), MALFORMED)
      for first in (0x41, 0x52, 0x60, 0x71, 0x80, 0xA0, 0xC1, 0xE1, 0xF1)],
    ("PUBLISH of QoS 3", publish("a", first=0x36, identifier=b"\0\1"), MALFORMED),
    ("PUBLISH of QoS 0 that is a duplicate", publish("a", first=0x38), MALFORMED),
    ("PUBLISH with packet identifier 0", publish("a", first=0x32, identifier=b"\0\0"), PROTOCOL),
    ("PUBLISH without topic and alias", publish(""), PROTOCOL),
    ("PUBLISH to a wildcard", publish("a/+"), MALFORMED),
    ("PUBLISH with alias 0", publish("a", b"\x23\0\0"), ALIAS),
    ("PUBLISH with an alias that is too large", publish("a", b"\x23\xff\xff"), ALIAS),
    ("PUBLISH with an unknown alias", publish("", b"\x23\0\7"), PROTOCOL),
    ("PUBLISH with an alias twice", publish("a", b"\x23\0\1\x23\0\1"), PROTOCOL),
    ("PUBLISH with a subscription identifier", publish("a", b"\x0b\1"), PROTOCOL),
    ("PUBLISH with a wildcard in its response topic", publish("a", b"\x08" + text("#")), PROTOCOL),
    ("PUBLISH with payload format 2", publish("a", b"\x01\2"), PROTOCOL),
    ("PUBLISH to 30,000 levels", publish("/" * 30_000), NAME),
    ("PUBLISH with 5,000 user properties", publish("a", (b"\x26" + text("") + text("")) * 5_000), QUOTA),
    ("PUBLISH that claims 200 MiB", b"\x30\x80\x80\x80\x64", TOO_LARGE),
    ("PUBLISH whose topic is longer than the packet", packet(0x30, b"\xff\xffab"), MALFORMED),
    *[(f"PUBLISH to a topic of {what}", publish(raw), MALFORMED) for what, raw in BAD_TEXTS.items()],
    *[(f"type {first >> 4} with identifier 0", packet(first, b"\0\0"), PROTOCOL) for first in (0x40, 0x50, 0x62, 0x70)],
    *[(f"type {first >> 4} that is too short", packet(first, b"\0"), MALFORMED) for first in (0x40, 0x50, 0x62, 0x70)],
    *[(f"type {first >> 4} with an unknown reason", packet(first, b"\0\1\x42"), MALFORMED) for first in (0x40, 0x50, 0x62, 0x70)],
    *[(f"type {first >> 4} with a property twice", packet(first, b"\0\1\0\x08\x1f\0\1a\x1f\0\1a"), PROTOCOL)
      for first in (0x40, 0x50, 0x62, 0x70)],
    ("SUBSCRIBE without a filter", packet(0x82, b"\0\1\0"), PROTOCOL),
    ("SUBSCRIBE with identifier 0", subscribe("a", identifier=b"\0\0"), PROTOCOL),
    ("SUBSCRIBE with QoS 3", subscribe("a", 3), PROTOCOL),
    ("SUBSCRIBE with reserved options", subscribe("a", 0xC0), MALFORMED),
    ("SUBSCRIBE with retain handling 3", subscribe("a", 0x30), PROTOCOL),
    ("SUBSCRIBE with subscription identifier 0", subscribe("a", properties=b"\x0b\0"), PROTOCOL),
    ("SUBSCRIBE with two subscription identifiers", subscribe("a", properties=b"\x0b\1\x0b\2"), PROTOCOL),
    ("SUBSCRIBE to a share that is no-local", subscribe("$share/g/a", 4), PROTOCOL),
    ("SUBSCRIBE to 5,000 filters", packet(0x82, b"\0\1\0" + (text("#") + b"\0") * 5_000), QUOTA),
    ("UNSUBSCRIBE from 5,000 filters", packet(0xA2, b"\0\1\0" + text("#") * 5_000), QUOTA),
    ("SUBSCRIBE to 30,000 levels", subscribe("/" * 30_000), FILTER),
    *[(f"SUBSCRIBE to {bad or 'nothing'}", subscribe(bad), MALFORMED)
      for bad in ("", "a#", "#/a", "a+", "+a/b", "$share/g", "$share//a", "$share/g/", "$share/#/a")],
    *[(f"SUBSCRIBE to {what}", subscribe(raw), MALFORMED) for what, raw in BAD_TEXTS.items()],
    ("UNSUBSCRIBE without a filter", packet(0xA2, b"\0\1\0"), PROTOCOL),
    ("UNSUBSCRIBE with identifier 0", unsubscribe("a", b"\0\0"), PROTOCOL),
    ("UNSUBSCRIBE with a SUBSCRIBE's property", packet(0xA2, b"\0\1\2\x0b\1" + text("a")), MALFORMED),
    ("UNSUBSCRIBE with a reason twice", packet(0xA2, b"\0\1\x08\x1f\0\1a\x1f\0\1a" + text("a")), MALFORMED),
    ("UNSUBSCRIBE with 300 user properties", packet(0xA2, b"\0\1" + length(1500) + b"\x26\0\0\0\0" * 300 + text("a")), QUOTA),
    *[(f"UNSUBSCRIBE from {bad or 'nothing'}", unsubscribe(bad), MALFORMED) for bad in ("", "a#", "$share/g/")],
    *[(f"UNSUBSCRIBE from {what}", unsubscribe(raw), MALFORMED) for what, raw in BAD_TEXTS.items()],
    ("PINGREQ with a body", packet(0xC0, b"x"), MALFORMED),
    *[(f"DISCONNECT with a server's reason {reason:#x}", packet(0xE0, bytes([reason])), PROTOCOL)
      for reason in (0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x9C, 0xA2)],
    ("DISCONNECT with bytes behind its end", packet(0xE0, b"\0\0x"), MALFORMED),
    ("DISCONNECT with a property twice", packet(0xE0, b"\0\x0a\x11\0\0\0\1\x11\0\0\0\1"), PROTOCOL),
    ("DISCONNECT with a server reference", packet(0xE0, b"\0\4\x1c\0\1a"), PROTOCOL),
    ("DISCONNECT with an unknown reason", packet(0xE0, b"\x01"), MALFORMED),
    ("DISCONNECT that begins a session", packet(0xE0, b"\0\5\x11\0\0\0\1"), PROTOCOL),
    ("AUTH without a method", packet(0xF0, b"\x19\4\x15\0\1m"), PROTOCOL),
    ("AUTH with a property twice", packet(0xF0, b"\x19\x08\x15\0\1m\x15\0\1m"), PROTOCOL),
    ("AUTH with an unknown reason", packet(0xF0, b"\x33"), MALFORMED),
    ("PUBLISH that is not the text it says", publish("a", b"\1\1", payload=b"\xff"), FORMAT),
    ("129 QoS 2 publishes without a release",
     b"".join(publish("a", first=0x34, identifier=struct.pack(">H", number)) for number in range(1, 130)), RECEIVE_MAXIMUM),
]


def reused(port):
    """An identifier that a QoS 2 exchange holds is used for something else: the acknowledgements say so."""
    exchange = publish("a", first=0x34, identifier=b"\0\7")
    others = {
        "PUBLISH": (publish("a", first=0x32, identifier=b"\0\7"), b"\x40\3\0\7\x91"),
        "SUBSCRIBE": (subscribe("a", identifier=b"\0\7"), b"\x90\4\0\7\0\x91"),
        "UNSUBSCRIBE": (unsubscribe("a", b"\0\7"), b"\xb0\4\0\7\0\x91"),
    }
    for what, (raw, expected) in others.items():
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(connect() + exchange + raw)
            received = b""
            while expected not in received and (chunk := client.recv(4096)):
                received += chunk
        said = f"hostile: {what} with an identifier in use is told so"
        print(f"ok\t{said}" if expected in received else f"FAILED\t{said}\tgot {received!r}")


def answer(port, *parts):
    """The last reason that the broker gives, or None, when it closes; "open" when it does not."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        received = b""
        try:
            for part in parts:
                client.sendall(part)
            while chunk := client.recv(65536):
                received += chunk
        except TimeoutError:
            return "open"
        except ConnectionError:
            pass
    reason = None
    while received:
        kind, size, place = received[0] >> 4, received[1], 2
        if size & 0x80:
            size, place = size & 0x7F | received[2] << 7, 3
        body = received[place:place + size]
        received = received[place + size:]
        if kind == 2:
            reason = body[1] or None
        elif kind == 14:
            reason = body[0]
    return reason


class Bystander(threading.Thread):
    """Publishes to itself all the while, and minds how long that takes."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.running, self.trips, self.fault, self.longest = True, 0, None, 0.0
        self.exchange(connect("bystander"), 0x20)
        self.exchange(subscribe("bystander"), 0x90)

    def exchange(self, sent, expected):
        self.socket.sendall(sent)
        got = self.socket.recv(4096)
        if not got or got[0] != expected:
            raise AssertionError(f"expected {expected:#x}, got {got[:8]!r}")

    def run(self):
        while self.running:
            begin = time.monotonic()
            try:
                self.exchange(publish("bystander"), 0x30)
            except (AssertionError, OSError) as fault:
                self.fault = fault
                return
            self.longest = max(self.longest, time.monotonic() - begin)
            self.trips += 1
            time.sleep(0.002)


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


def flood(port):
    """14 connections that send every type but CONNECT, without end, until they are closed."""
    for kind in (0, *range(2, 15)):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            try:
                for _ in range(200):
                    client.sendall(packet(kind << 4 | (2 if kind in (6, 8, 10) else 0), b"\0\1") * 4_000)
            except OSError:
                pass


def claims(port):
    """200 connections that each claim a large packet and send little of it."""
    clients = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(200)]
    for number, client in enumerate(clients):
        client.sendall(connect(f"claim {number}") + b"\x30\x80\x80\x0f" + b"\0\1a\0" + bytes(100))
    return clients


def main(port, pid):
    # What the broker needs to have done everything once belongs to it, so it is not counted.
    for _, raw, _ in BEFORE:
        answer(port, raw)
    bystander = Bystander(port)
    bystander.start()
    before = resident(pid)
    for cases, opening in ((BEFORE, []), (AFTER, [connect()])):
        for what, raw, expected in cases:
            reason = answer(port, *opening, raw)
            named = {None: "nothing"}.get(expected, expected)
            if reason == expected:
                print(f"ok\thostile: {what}: closed, {named if isinstance(named, str) else hex(named)}")
            else:
                print(f"FAILED\thostile: {what}\tgot {reason}, expected {named}")
    reused(port)
    for _ in range(5):
        for opening, cases in (([], BEFORE), ([connect()], AFTER)):
            for _, raw, _ in cases:
                answer(port, *opening, raw)
        flood(port)
    clients = claims(port)
    growth = resident(pid) - before
    for client in clients:
        client.close()
    bystander.running = False
    bystander.join(30)
    said = f"the broker grew by {growth / MEGABYTE:.1f} MB, less than 20"
    print(f"{'ok' if growth < 20 * MEGABYTE else 'FAILED'}\thostile: {said}")
    # A fair share of a busy machine's second, and no more.
    calm = bystander.fault is None and bystander.trips > 20 and bystander.longest < 1
    print(f"{'ok' if calm else 'FAILED'}\thostile: a bystander made {bystander.trips} round trips meanwhile, "
          f"the longest took {bystander.longest * 1000:.0f} ms, less than 1,000\t{bystander.fault or ''}")


main(int(sys.argv[1]), int(sys.argv[2]))
