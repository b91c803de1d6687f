"""How long small requests take at a steady, modest rate: prints the 99th percentile in milliseconds.

usage: slow_clients.py URL PATH SECONDS [REQUESTS_A_SECOND]
A steady rate, because a client that waits for each answer would not notice how long others wait (coordinated omission).
"""
import asyncio
import sys
import time

from http_client import Connection, Unanswered


async def main(url: str, path: str, seconds: float, rate: float) -> None:
    waits: list[float] = []
    faults = 0
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(32):
        free.put_nowait(Connection(url, timeout=20))

    async def one(due: float) -> None:
        nonlocal faults
        connection = await free.get()
        try:
            answer = await connection.request("GET", path)
            faults += answer.status != 200
        except (OSError, Unanswered):
            faults += 1
        waits.append(time.perf_counter() - due)
        free.put_nowait(connection)

    begin = time.perf_counter()
    running = []
    for number in range(int(seconds * rate)):
        due = begin + number / rate
        await asyncio.sleep(max(0, due - time.perf_counter()))
        running.append(asyncio.create_task(one(due)))
    await asyncio.gather(*running)
    waits.sort()
    print(f"{waits[int(len(waits) * 0.99)] * 1000:.2f} {faults}")


asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]) if len(sys.argv) > 4 else 100))
