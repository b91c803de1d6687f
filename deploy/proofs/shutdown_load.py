"""R14: requests under way when the server is told to stop are answered.

usage: shutdown_load.py URL SERVER_PID TOKEN SECONDS_BEFORE
64 connections send measurements without pause; after SECONDS_BEFORE the server gets SIGTERM. A request that was sent whole
before the signal must be answered whole. One that was sent after it is either answered or refused without a byte
(the connection is closed; by RFC 9112 section 9.3.1 the client may send it again elsewhere).
"""
import asyncio
import os
import signal
import sys
import time

from http_client import Connection, Unanswered, report

CONNECTIONS = 64


async def main(url: str, pid: int, token: str, seconds: float) -> None:
    stop_sent_at = float("inf")
    answered_before = answered_after = refused_after = 0
    faults: list[str] = []
    first = int(time.time() * 1000) - 3_600_000
    ids = iter(range(1 << 40))

    async def worker() -> None:
        nonlocal answered_before, answered_after, refused_after
        connection = Connection(url, {"Authorization": f"Bearer {token}"}, timeout=60)
        while True:
            if connection.writer is None:
                if stop_sent_at < float("inf"):
                    return
                try:
                    await connection.open()
                except OSError as error:
                    if stop_sent_at == float("inf"):
                        faults.append(f"a connection was refused before the signal: {error}")
                    return
            body = {"ts": first + next(ids), "values": {"temperature": 20}}
            sent_at = time.monotonic()
            try:
                answer = await connection.request("POST", "/api/v1/devices/me/telemetry", body)
            except Unanswered as error:
                if sent_at < stop_sent_at or error.started:
                    faults.append(f"{error}, sent {stop_sent_at - sent_at:.4f} s before the signal, answer begun: {error.started}")
                else:
                    refused_after += 1
                return
            if answer.status >= 300 and not (answer.status == 503 and sent_at >= stop_sent_at):
                faults.append(str(answer))
                return
            if sent_at < stop_sent_at:
                answered_before += 1
            else:
                answered_after += 1

    workers = [asyncio.create_task(worker()) for _ in range(CONNECTIONS)]
    await asyncio.sleep(seconds)
    stop_sent_at = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    await asyncio.gather(*workers)
    text = f"every request under way at SIGTERM was answered ({answered_before} before it, {answered_after} after, {refused_after} refused untouched)"
    if answered_before < CONNECTIONS:
        faults.append("too few requests to say anything")
    report(text, "; ".join(faults[:5]) + (f" and {len(faults) - 5} more" if len(faults) > 5 else "") if faults else None)


asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])))
