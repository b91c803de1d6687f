"""Subscribes sockets to the topic `org` of an organization, sends it measurements, and prints how many events arrived in all.

usage: fan_out.py URL TOKEN API_KEY DEVICE SOCKETS SECONDS MESSAGES_PER_SECOND
"""
import asyncio
import base64
import json
import os
import sys
from urllib.parse import urlsplit

from http_client import Connection

url, token, api_key, device = sys.argv[1:5]
sockets, seconds, rate = (int(word) for word in sys.argv[5:8])
EVENT = b'"type":"event"'


class Listener(asyncio.Protocol):
    """A WebSocket (RFC 6455) that counts events and reads nothing else, so that the measured machine is not the client's."""

    def __init__(self):
        self.events, self.rest, self.subscribed = 0, b"", asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        parts = urlsplit(url)
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write((f"GET /api/v1/ws HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nAuthorization: Bearer {token}\r\n\r\n").encode())
        text = json.dumps({"type": "subscribe", "id": 1, "topics": ["org"]}).encode()
        # A mask of zeros leaves the text as it is.
        self.subscribe, self.transport = bytes([0x81, 0x80 | len(text)]) + bytes(4) + text, transport

    def data_received(self, data):
        if not self.subscribed.done():
            self.rest += data
            if self.subscribe and b"\r\n\r\n" in self.rest:
                self.transport.write(self.subscribe)
                self.subscribe = b""
            if b'"type":"ack"' in self.rest:
                self.rest = b""
                self.subscribed.set_result(None)
            return
        data = self.rest + data
        self.events += data.count(EVENT)
        self.rest = data[-len(EVENT) + 1:]

    def connection_lost(self, error):
        if not self.subscribed.done():
            self.subscribed.set_exception(ConnectionError(f"refused: {self.rest[:200]!r}"))


async def main():
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    listeners = []
    for _ in range(sockets):
        _, listener = await loop.create_connection(Listener, parts.hostname, parts.port)
        listeners.append(listener)
    await asyncio.gather(*(listener.subscribed for listener in listeners))
    print("SUBSCRIBED", flush=True)
    sys.stdin.readline()
    sender = Connection(url, {"X-API-Key": api_key})
    for number in range(seconds * rate):
        answer = await sender.request("POST", "/api/v1/telemetry/batch", {
            "messages": [{"device": device, "values": {"temperature": 20 + number % 10, "humidity": 40, "voltage": 229.5}}]})
        if answer.status != 200:
            sys.exit(f"refused: {answer}")
        await asyncio.sleep(1 / rate)
    wanted = seconds * rate * sockets
    for _ in range(100):
        if sum(listener.events for listener in listeners) >= wanted:
            break
        await asyncio.sleep(0.1)
    print(sum(listener.events for listener in listeners), flush=True)


asyncio.run(main())
