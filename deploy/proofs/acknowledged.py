"""Sends measurements while servers are killed, remembers what was acknowledged, and afterwards compares it with what is stored.

usage: acknowledged.py load URL PLAN JOURNAL     until SIGTERM; every device sends its last message until it is acknowledged
       acknowledged.py verify URL PLAN JOURNAL   prints ok and FAILED lines

Each device sends message after message on a connection of its own, the next only after the last was acknowledged, and sends
one again as it was when no answer came. The temperature goes up for ten messages and down for ten, so a rule "above 80"
raises exactly one alarm at every rise, and its time is that of the message that rose.
"""
import asyncio
import json
import signal
import sys
import time

from http_client import Connection, Unanswered, report
from platform_client import Platform

STEP = 20  # milliseconds of event time from one message to the next


def is_high(number: int) -> bool:
    return number // 10 % 2 == 1


def rises(number: int) -> bool:
    return is_high(number) and not is_high(number - 1)


class Load:
    def __init__(self, url: str, plan: dict):
        self.url, self.plan = url, plan
        self.first = (int(time.time()) - 900) * 1000
        self.acknowledged: dict[str, int] = {}
        self.stopping = False
        self.unanswered = self.refused = 0
        self.busy: list[float] = []       # seconds until each 503
        self.longest = 0.0                # seconds until the slowest answer of any kind
        self.faults: list[str] = []

    async def device(self, device: dict) -> None:
        connection = Connection(self.url, {"Authorization": f"Bearer {device['token']}"}, timeout=40)
        number = 0
        while not self.stopping:
            await self.deliver(connection, {
                "ts": self.first + number * STEP,
                "values": {"temperature": 90 if is_high(number) else 20, "humidity": 50, "energy": number, "status": 1, "voltage": 230},
            })
            number += 1
            self.acknowledged[device["id"]] = number
            await asyncio.sleep(0.005)

    async def deliver(self, connection: Connection, message: dict) -> None:
        while True:
            begin = time.monotonic()
            try:
                answer = await connection.request("POST", "/api/v1/devices/me/telemetry", message)
            except OSError:
                self.refused += 1
                await asyncio.sleep(0.05)
                continue
            except Unanswered as error:
                self.unanswered += 1
                if "Timeout" in str(error):
                    self.faults.append(f"no answer in {time.monotonic() - begin:.1f} s")
                await asyncio.sleep(0.05)
                continue
            self.longest = max(self.longest, time.monotonic() - begin)
            if answer.status < 300:
                if answer.json()["dead_letters"]:
                    self.faults.append(f"put aside: {answer}")
                return
            if answer.status == 503:
                self.busy.append(time.monotonic() - begin)
                if "retry-after" not in answer.headers:
                    self.faults.append(f"a 503 without Retry-After: {answer}")
            else:
                self.faults.append(str(answer))
            await asyncio.sleep(0.1)

    async def run(self, journal: str) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: setattr(self, "stopping", True))
        await asyncio.gather(*(self.device(device) for device in self.plan["devices"]))
        with open(journal, "w", encoding="utf-8") as file:
            json.dump({"first": self.first, "acknowledged": self.acknowledged, "unanswered": self.unanswered, "refused": self.refused,
                       "busy": len(self.busy), "longest": self.longest, "faults": self.faults[:20]}, file)


async def verify(url: str, plan: dict, journal: dict) -> None:
    platform = Platform(url)
    platform.connection.headers["Authorization"] = f"Bearer {plan['token']}"
    first = journal["first"]
    lost, invented, doubled, alarm_faults, alarms_seen = [], [], [], [], 0
    for device, count in journal["acknowledged"].items():
        points = await stored_times(platform, device, first)
        expected = {first + number * STEP for number in range(count)}
        lost += [f"{device} {t}" for t in expected - set(points)]
        invented += [f"{device} {t}" for t in set(points) - expected]
        if len(points) != len(set(points)):
            doubled.append(f"{device}: {len(points) - len(set(points))}")
        raised = sorted(milliseconds(alarm["raised_at"]) for alarm in await platform.all(f"/alarms?device_id={device}&limit=500"))
        rising = [first + number * STEP for number in range(count) if rises(number)]
        alarms_seen += len(raised)
        if raised != rising:
            alarm_faults.append(f"{device}: {len(raised)} alarms for {len(rising)} rises; lost {sorted(set(rising) - set(raised))[:3]}, "
                                f"unexpected {sorted(set(raised) - set(rising))[:3]}")
    total = sum(journal["acknowledged"].values())
    report(f"all {total} acknowledged messages are stored ({journal['unanswered']} sent again without an answer, "
           f"{journal['refused']} times nobody listened, {journal['busy']} times 503)", "; ".join(lost[:5]) or None)
    report("nothing is stored that was not sent", "; ".join(invented[:5]) or None)
    report("no message is stored twice", "; ".join(doubled[:5]) or None)
    report(f"every rise raised one alarm, none was lost or doubled ({alarms_seen})",
           "; ".join(alarm_faults[:5]) or (None if alarms_seen else "there was no alarm at all"))
    report("every answer was an acknowledgement or a 503 with Retry-After", "; ".join(journal["faults"][:5]) or None)


async def stored_times(platform: Platform, device: str, first: int) -> list[int]:
    begin = rfc3339(first - 1000)
    points = await platform.all(f"/devices/{device}/telemetry?keys=energy&from={begin}&limit=10000")
    return [milliseconds(point["ts"]) for point in points]


def rfc3339(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 1000)) + f".{at % 1000:03}Z"


def milliseconds(text) -> int:
    if not isinstance(text, str):
        return int(text)
    from datetime import datetime
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def main() -> None:
    mode, url, plan, journal = sys.argv[1:]
    with open(plan, encoding="utf-8") as file:
        wanted = json.load(file)
    if mode == "load":
        asyncio.run(Load(url, wanted).run(journal))
    else:
        with open(journal, encoding="utf-8") as file:
            asyncio.run(verify(url, wanted, json.load(file)))


main()
