"""aiomqtt as a client: many at once, each with its own conversation.

usage: mqtt_aiomqtt.py PORT
"""
import asyncio
import sys

import aiomqtt

CLIENTS = 50
MESSAGES = 40


async def converse(port: int, number: int) -> None:
    """Every client speaks to its neighbour and hears what the other one says, in its order.

    At one QoS each: a client passes a message of QoS 1 on when it comes, and one of QoS 2 when it is released.
    """
    async with aiomqtt.Client("127.0.0.1", port, identifier=f"aio-{number}", protocol=aiomqtt.ProtocolVersion.V5) as client:
        await client.subscribe(f"aio/{number}/+", qos=2)
        await ready.wait()
        neighbour = (number + 1) % CLIENTS
        for count in range(MESSAGES):
            await client.publish(f"aio/{neighbour}/from-{number}", f"{count}", qos=number % 3)
        received = []
        async for message in client.messages:
            received.append(int(message.payload))
            if len(received) == MESSAGES:
                break
        assert received == list(range(MESSAGES)), f"{number} got {received}"


async def main(port: int) -> None:
    global ready
    ready = asyncio.Barrier(CLIENTS)
    try:
        async with asyncio.timeout(120):
            await asyncio.gather(*(converse(port, number) for number in range(CLIENTS)))
        print(f"ok\taiomqtt: {CLIENTS} clients exchange {CLIENTS * MESSAGES} messages, each in its order")
    except Exception as fault:  # noqa: BLE001 - whatever went wrong is the finding
        print(f"FAILED\taiomqtt: {CLIENTS} clients\t{type(fault).__name__}: {fault}")


asyncio.run(main(int(sys.argv[1])))
