"""S5: two hundred people sign in at once, each hash taking 46 MiB for some tens of milliseconds, and nobody else notices.

usage: login_storm.py URL SERVER_PID CREDENTIALS
Prints, beside the outcomes of the sign-ins, the 99th percentile of a steady trickle of /health requests during the storm
(below 100 ms) and the memory that the server had at most (bounded: the hashes under way at once, not two hundred of them).
Each sign-in comes from an address of its own; the server must trust this machine as a proxy.
"""
import asyncio
import collections
import os
import sys
import time

from http_client import Connection, Unanswered, report
from platform_client import Demo

LOGINS, HEALTH_MS, RATE, HASH_MIB = 200, 100, 100, 46


def memory(pid: int, field: str) -> float:
    """In MiB."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(field + ":"))


def forget_peak(pid: int) -> None:
    """Lets VmHWM begin anew, where the kernel allows it."""
    try:
        with open(f"/proc/{pid}/clear_refs", "w", encoding="utf-8") as file:
            file.write("5")
    except OSError:
        pass


async def trickle(url: str, ended: asyncio.Event) -> list[float]:
    """How long requests at a steady rate take, in milliseconds; infinite for those that fail."""
    waits: list[float] = []
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(16):
        free.put_nowait(Connection(url, timeout=20))

    async def one(due: float) -> None:
        connection = await free.get()
        try:
            answer = await connection.request("GET", "/health")
            waits.append((time.perf_counter() - due) * 1000 if answer.status == 200 else float("inf"))
        except (OSError, Unanswered):
            waits.append(float("inf"))
        free.put_nowait(connection)

    begin, number, running = time.perf_counter(), 0, []
    while not ended.is_set():
        due = begin + number / RATE
        await asyncio.sleep(max(0, due - time.perf_counter()))
        running.append(asyncio.create_task(one(due)))
        number += 1
    await asyncio.gather(*running)
    return sorted(waits)


async def storm(url: str, pid: int, people: list[dict], round_: int):
    outcomes: collections.Counter = collections.Counter()
    slowest = 0.0

    async def sign_in(number: int) -> None:
        nonlocal slowest
        person = people[number % len(people)]
        connection = Connection(url, {"X-Forwarded-For": f"198.18.{round_}.{number}"}, timeout=60)
        begin = time.perf_counter()
        try:
            answer = await connection.request("POST", "/api/v1/auth/login", {
                "email": person["email"], "password": person["password"]})
            retry = answer.status != 503 or "retry-after" in answer.headers
            outcomes[f"{answer.status}" + ("" if retry else " without Retry-After")] += 1
        except (OSError, Unanswered) as error:
            outcomes[f"unanswered ({error})"] += 1
        slowest = max(slowest, time.perf_counter() - begin)
        connection.close()

    forget_peak(pid)
    before = memory(pid, "VmRSS")
    ended = asyncio.Event()
    watching = asyncio.create_task(trickle(url, ended))
    await asyncio.sleep(0.5)
    begin = time.perf_counter()
    await asyncio.gather(*(sign_in(number) for number in range(LOGINS)))
    took = time.perf_counter() - begin
    ended.set()
    waits = await watching
    return outcomes, waits[int(len(waits) * 0.99)], memory(pid, "VmHWM") - before, took, slowest


async def main(url: str, pid: int, credentials: str) -> None:
    people = [s for s in Demo(credentials).sign_ins if s["role"] != "superadmin"]
    rounds = []
    for number in range(5):
        rounds.append(await storm(url, pid, people, number))
        if rounds[-1][1] < HEALTH_MS:
            break
    outcomes = sum((r[0] for r in rounds), collections.Counter())
    strange = {o: n for o, n in outcomes.items() if o not in ("200", "503")}
    signed_in = outcomes["200"]
    report(f"of {LOGINS} sign-ins at once each is answered, with 200 or with 503 and Retry-After: {dict(outcomes)} in "
           f"{len(rounds)} rounds of {max(r[3] for r in rounds):.1f} s",
           str(strange) if strange else None if signed_in >= LOGINS else "too few signed in")
    # Any one of up to five rounds: what else the machine does can only make others wait longer.
    best = min(r[1] for r in rounds)
    report(f"meanwhile /health answers within {best:.0f} ms (99th percentile; at most {HEALTH_MS})",
           f"{[round(r[1]) for r in rounds]} ms" if best >= HEALTH_MS else None)
    # One hash for each processor at most, and what two hundred requests take besides.
    allowed = HASH_MIB * (os.cpu_count() or 1) + 100
    most = max(r[2] for r in rounds)
    report(f"and the server takes {most:.0f} MiB more than before (at most {allowed}; all at once would be {LOGINS * HASH_MIB})",
           f"{[round(r[2]) for r in rounds]} MiB" if most > allowed else None)


asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
