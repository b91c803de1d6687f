"""Makes what a load needs, through the API, in the first demo organization: a device model with five datapoints, devices with
tokens, three alarm rules on the model, an API key, and limits that no load reaches. Prints it as JSON:
{"organization_id", "token", "superadmin_token", "api_key", "rules": {datapoint: id}, "devices": [{"id", "token"}]}

usage: prepare_load.py URL CREDENTIALS DEVICES
"""
import asyncio
import json
import sys
import time

from lift_limits import lift
from platform_client import Demo, Platform

DATAPOINTS = [("temperature", "Cel"), ("humidity", "%"), ("energy", "kW.h"), ("status", "1"), ("voltage", "V")]
RULES = [("temperature", 80), ("humidity", 99), ("voltage", 260)]


async def main(url: str, credentials: str, count: int) -> None:
    demo = Demo(credentials)
    organization = demo.devices[0]["organization"]
    root, admin = Platform(url), Platform(url)
    sign_in = demo.sign_in("superadmin")
    root_token = await root.sign_in(sign_in["email"], sign_in["password"])
    sign_in = demo.sign_in("org_admin", organization)
    token = await admin.sign_in(sign_in["email"], sign_in["password"])
    organization_id = (await admin.call("GET", "/auth/me")).json()["organization_id"]
    await lift(root, organization_id)

    types = await admin.all("/device-types?limit=500")
    device_type = next(t["id"] for t in types if t["name"] == "environmental_sensor")
    name = f"Load {time.time_ns()}"
    model = (await admin.call("POST", "/device-models", {
        "name": name, "datapoints": [{"key": key, "kind": "number", "unit": unit} for key, unit in DATAPOINTS],
    })).json()["id"]
    rules = {}
    for key, threshold in RULES:
        rules[key] = (await admin.call("POST", "/alarm-rules", {
            "name": f"{name}: {key}", "scope": "model", "scope_id": model, "datapoint": key, "severity": "warning",
            "condition": {"operator": "gt", "value": threshold},
        })).json()["id"]
    api_key = (await admin.call("POST", "/api-keys", {"name": name, "scopes": ["telemetry:write"]})).json()["secret"]

    devices = []
    numbers = iter(range(count))

    async def make_devices() -> None:
        maker = Platform(url)
        maker.connection.headers["Authorization"] = f"Bearer {token}"
        for number in numbers:
            device = (await maker.call("POST", "/devices", {
                "device_key": f"{name.lower().replace(' ', '-')}-{number}", "name": f"{name} {number}",
                "type_id": device_type, "model_id": model, "status": "active",
            })).json()["id"]
            credential = (await maker.call("POST", f"/devices/{device}/credentials", {})).json()
            devices.append({"id": device, "token": credential["token"]})

    await asyncio.gather(*(make_devices() for _ in range(8)))
    json.dump({"organization_id": organization_id, "token": token, "superadmin_token": root_token, "api_key": api_key, "rules": rules, "devices": devices}, sys.stdout)


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
