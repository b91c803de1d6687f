"""S1: an id of another organization takes as long to be answered as one that nobody has.

usage: timing.py URL CREDENTIALS [PATTERN]
Every operation of the description with ids in its path is asked by an administrator of one organization for things of the
other and for random ids, in turn and in pairs whose order changes, so that whatever else the machine does falls on both
alike. The medians may differ by 5 percent. Nothing is failed for noise: while they differ by more, more pairs are measured,
up to a limit, and then again from the beginning, twice; a real difference stays. The ids are found by the lists that the
description itself names. PATTERN chooses operations by a part of their names.
"""
import asyncio
import json
import statistics
import sys
import time
import uuid

from http_client import Connection, report
from platform_client import Demo, Platform

PAIRS, LIMIT, ATTEMPTS, DIFFERENCE = 100, 1600, 3, 0.05
# Path segments that are no list of their own: what their ids belong to.
LISTS = {"/api/v1/telemetry/device": "/api/v1/devices", "/api/v1/audit/user": "/api/v1/users"}


class Victim:
    """What there is in the other organization, by the path of a list."""

    def __init__(self, platform: Platform):
        self.platform, self.found = platform, {}

    async def first(self, path: str) -> str | None:
        path = LISTS.get(path, path)
        if path not in self.found:
            answer = await self.platform.connection.request("GET", path + "?limit=1")
            if answer.status == 400:  # A list without pages.
                answer = await self.platform.connection.request("GET", path)
            items = answer.json().get("items", []) if answer.status == 200 else []
            self.found[path] = items[0]["id"] if items else None
        return self.found[path]

    async def target(self, path: str) -> str | None:
        """The path with ids of this organization; None when it has none."""
        built = ""
        for segment in path.strip("/").split("/"):
            if segment == "{type}":
                segment = "device"
            elif segment.startswith("{"):
                parent = "/api/v1/devices" if "/audit/resource/" in built else built
                segment = await self.first(parent)
                if segment is None:
                    return None
            built += "/" + segment
        return built


def strange(target: str) -> str:
    """The same path with ids that nobody has: every UUID is replaced."""
    parts = []
    for segment in target.split("/"):
        try:
            # The time of a version 7 id is kept: only what it names differs.
            known = uuid.UUID(segment)
            parts.append(str(known)[:14] + str(uuid.uuid4())[14:])
        except ValueError:
            parts.append(segment)
    return "/".join(parts)


async def fill(platform: Platform) -> None:
    """One of what the demo does not have."""
    site = (await platform.all("/sites?limit=1"))[0]["id"]
    model = (await platform.all("/device-models?limit=1"))[0]["id"]
    device = (await platform.all("/devices?limit=1"))[0]["id"]
    unique = str(time.time_ns())
    await platform.call("POST", f"/sites/{site}/zones", {"name": unique, "kind": "barn"})
    await platform.call("POST", f"/device-models/{model}/commands", {"name": f"c{unique}"})
    await platform.call("POST", f"/device-models/{model}/datapoints", {"key": f"d{unique}"})
    await platform.call("POST", "/device-types", {"name": unique, "code": "T" + unique[-6:], "device_class": "smart_sensor"})
    await platform.call("POST", "/api-keys", {"name": unique, "scopes": ["devices:read"]})
    await platform.call("POST", "/alarm-rules", {
        "name": unique, "scope": "device", "scope_id": device, "datapoint": "timing", "condition": {"operator": "gt", "value": 1}})
    await platform.call("POST", f"/devices/{device}/telemetry", {"values": {"timing": 2}})


async def measure(connection: Connection, method: str, target: str, body) -> float:
    begin = time.perf_counter()
    await connection.request(method, target, body)
    return time.perf_counter() - begin


async def compare(connection: Connection, method: str, target: str, body) -> tuple[float, int, float]:
    """The ratio of the medians, the pairs it took, and the median of the random ids in milliseconds."""
    for _ in range(5):
        await measure(connection, method, target, body)
    pairs = 0
    for _ in range(ATTEMPTS):
        foreign, random, wanted = [], [], PAIRS
        while wanted <= LIMIT:
            while len(foreign) < wanted:
                turns = [(foreign, target), (random, strange(target))]
                for samples, path in turns if len(foreign) % 2 else reversed(turns):
                    samples.append(await measure(connection, method, path, body))
                pairs += 1
            ratio = statistics.median(foreign) / statistics.median(random)
            if abs(ratio - 1) <= DIFFERENCE:
                return ratio, pairs, statistics.median(random) * 1000
            wanted *= 2
    return ratio, pairs, statistics.median(random) * 1000


async def main(url: str, credentials: str, pattern: str = "") -> None:
    demo = Demo(credentials)
    names = list(dict.fromkeys(s["organization"] for s in demo.sign_ins if s["role"] == "org_admin"))
    people = []
    for name in names[:2]:
        person = Platform(url)
        sign_in = demo.sign_in("org_admin", name)
        await person.sign_in(sign_in["email"], sign_in["password"])
        people.append(person)
    attacker, victim = people
    await fill(victim)
    found = Victim(victim)
    document = (await attacker.connection.request("GET", "/openapi.json")).json()
    ratios, most, missing = [], 0, []
    for path, item in sorted(document["paths"].items()):
        for method, operation in sorted(item.items()):
            if method not in ("get", "put", "post", "patch", "delete") or "{" not in path:
                continue
            if operation.get("x-permission") in ("none", "device", "superadmin"):
                continue
            name = f"{method.upper()} {path}"
            if pattern not in name:
                continue
            target = await found.target(path)
            if target is None:
                missing.append(name)
                continue
            body = {} if "requestBody" in operation else None
            if path.endswith("/telemetry") and method == "post":
                body = {"values": {"timing": 1}}
            ratio, pairs, milliseconds = await compare(attacker.connection, method.upper(), target, body)
            ratios.append(abs(ratio - 1))
            most = max(most, pairs)
            fault = None
            if abs(ratio - 1) > DIFFERENCE:
                fault = f"foreign takes {ratio:.3f} times as long as random ({milliseconds:.2f} ms) over {pairs} pairs"
            report(f"{name}: foreign {ratio:.3f} of random", fault)
    report(f"every operation with an id was measured: {len(ratios)}, median difference "
           f"{statistics.median(ratios) * 100:.1f} %, largest {max(ratios) * 100:.1f} %, at most {most} pairs",
           f"nothing to ask for: {', '.join(missing)}" if missing else None)


asyncio.run(main(*sys.argv[1:]))
