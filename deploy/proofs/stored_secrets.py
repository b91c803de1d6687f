"""S8: no password, token or key lies anywhere in clear.

usage: stored_secrets.py use URL CREDENTIALS FILE
           does the main job with every kind of secret, right and wrong, and writes the secrets to FILE, one
           "kind<TAB>secret" a line
       stored_secrets.py search FILE PLACE…
           looks for each of them, as it is and in the forms that dumps and logs give bytes
"""
import asyncio
import base64
import hashlib
import re
import secrets
import sys

from http_client import Connection, report
from platform_client import Demo, Platform

# An API key or token: prefix, at least 128 random bits in base 62 (22 symbols) and a checksum of 5 symbols or more.
FORM = re.compile(r"rk_(live|dev|ref)_[0-9A-Za-z]{27,}")


async def use(url: str, credentials: str, path: str) -> None:
    demo = Demo(credentials)
    found: list[tuple[str, str]] = [("password", s["password"]) for s in demo.sign_ins]
    found += [("device token", d["token"]) for d in demo.devices]
    admin = Platform(url)
    sign_in = demo.sign_in("org_admin")

    async def login(email: str, password: str) -> dict:
        answer = (await Platform(url).call("POST", "/auth/login", {"email": email, "password": password})).json()
        found.append(("access token", answer["access_token"]))
        found.append(("refresh token", answer["refresh_token"]))
        return answer

    tokens = await login(sign_in["email"], sign_in["password"])
    admin.connection.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    for _ in range(2):  # Twice: the second gets its successor sealed.
        again = (await Platform(url).call("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]})).json()
        found += [("access token", again["access_token"]), ("refresh token", again["refresh_token"])]

    # The main job.
    unique = secrets.token_hex(4)
    site = (await admin.call("POST", "/sites", {"name": f"canary-{unique}"})).json()["id"]
    model = (await admin.call("POST", "/device-models", {"name": unique, "datapoints": [{"key": "temperature"}]})).json()["id"]
    types = await admin.all("/device-types?limit=500")
    device = (await admin.call("POST", "/devices", {
        "device_key": unique, "name": unique, "type_id": types[0]["id"], "model_id": model, "site_id": site,
        "status": "active"})).json()["id"]
    await admin.call("POST", "/alarm-rules", {
        "name": unique, "scope": "model", "scope_id": model, "datapoint": "temperature",
        "condition": {"operator": "gt", "value": 30}})
    shown: list[str] = []

    async def make(kind: str, member: str, path: str, body: dict) -> dict:
        """Plainly, and twice under a key for repetitions: what is kept for them must not hold the secret either."""
        made = {}
        key = {"Idempotency-Key": secrets.token_hex(8)}
        for headers in ({}, key, key):
            different = {n: f"{v}-{len(headers)}" if n == "name" else v.replace("@", f"{len(headers)}@") if n == "email" else v
                         for n, v in body.items()}
            answer = await admin.connection.request("POST", "/api/v1" + path, different, headers)
            if answer.status != 201:
                raise RuntimeError(f"{path}: {answer}")
            made = answer.json()
            if member in made:
                found.append((kind, made[member]))
                shown.append(made[member])
        return made

    credential = await make("device token", "token", f"/devices/{device}/credentials", {})
    rotated = (await admin.call("POST", f"/devices/{device}/credentials/{credential['id']}/rotate", {})).json()
    found.append(("device token", rotated["token"]))
    key = await make("API key", "secret", "/api-keys", {"name": unique, "scopes": ["devices:read"]})
    await make("generated password", "generated_password", "/users", {
        "email": f"{unique}@example.com", "name": unique, "roles": ["viewer"]})
    chosen = f"chosen-{secrets.token_hex(8)}"
    await admin.call("POST", "/users", {
        "email": f"chosen-{unique}@example.com", "name": unique, "roles": ["viewer"], "password": chosen})
    found.append(("chosen password", chosen))
    await login(f"chosen-{unique}@example.com", chosen)

    sender = Connection(url, {"Authorization": f"Bearer {rotated['token']}"})
    for value in (20, 40):
        answer = await sender.request("POST", "/api/v1/devices/me/telemetry", {"values": {"temperature": value}})
        assert answer.status == 200, answer
    alarm = (await admin.all(f"/alarms?device_id={device}"))[0]["id"]
    await admin.call("POST", f"/alarms/{alarm}/acknowledge", {})
    reader = Connection(url, {"X-API-Key": key["secret"]})
    assert (await reader.request("GET", "/api/v1/devices")).status == 200

    # What goes wrong must not leave it in a log either.
    wrong = f"wrong-{secrets.token_hex(8)}"
    found.append(("wrong password", wrong))
    stranger = Connection(url)
    await stranger.request("POST", "/api/v1/auth/login", {"email": sign_in["email"], "password": wrong})
    await stranger.request("POST", "/api/v1/auth/login", {"email": 5, "password": wrong, "pasword": wrong})
    await stranger.request("POST", "/api/v1/auth/login", ('{"email": "x", "password": "' + wrong + '"').encode())
    await admin.connection.request("POST", "/api/v1/users", {"email": "x", "password": wrong, "roles": [], "name": ""})
    for header, secret in (("Authorization", f"Bearer {key['secret']}x"), ("X-API-Key", key["secret"] + "x"),
                           ("Authorization", f"Bearer {tokens['access_token']}x"), ("Authorization", f"Basic {wrong}")):
        await stranger.request("GET", "/api/v1/devices", headers={header: secret})
    await stranger.request("GET", "/api/v1/ws", headers={
        "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Protocol": f"rookery.v1, bearer.{rotated['token']}x"})

    # Shown once: nothing that is read afterwards holds one.
    document = (await admin.connection.request("GET", "/openapi.json")).json()
    read, faults = 0, []
    for path_, item in document["paths"].items():
        if "get" not in item or path_.endswith(("/ws", "/stream")):
            continue
        target = path_.replace("/devices/{id}", f"/devices/{device}").replace("{credential_id}", credential["id"])
        target = target.replace("/api-keys/{id}", f"/api-keys/{key['id']}")
        if "{" in target:
            continue
        answer = await admin.connection.request("GET", target)
        read += answer.status == 200
        faults += [target for secret in shown if secret.encode() in answer.body]
    report(f"a secret is shown once: none of {len(shown)} is in what {read} operations read afterwards", " ".join(faults) or None)
    strange = [kind for kind, secret in found if secret.startswith("rk_") and not FORM.fullmatch(secret)]
    report("keys and tokens are rk_…_ with at least 128 random bits and a checksum", " ".join(strange) or None)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{kind}\t{secret}\n" for kind, secret in found)
        file.write(f"sign of life\tcanary-{unique}\n")


def forms(secret: str) -> dict[str, bytes]:
    """How the same bytes look in a dump or a log. Base64 depends on what stands before: all three alignments."""
    plain = secret.encode()
    result = {"as it is": plain, "in hexadecimal": plain.hex().encode()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + plain)
        # Without the symbols at the ends that other bytes have a part in.
        result[f"in base64 ({shift})"] = encoded[4 if shift else 0:-4]
    return result


def search(path: str, places: list[str]) -> None:
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t", 1) for line in file]
    wanted = list(dict.fromkeys((kind, secret) for kind, secret in lines if kind != "sign of life"))
    canary = next(secret for kind, secret in lines if kind == "sign of life")
    for place in places:
        with open(place, "rb") as file:
            content = file.read()
        name = place.rsplit("/", 1)[-1]
        faults = [f"a {kind} {form}" for kind, secret in wanted for form, text in forms(secret).items() if text in content]
        report(f"{name} ({len(content) // 1024} kB) holds none of {len(wanted)} secrets", ", ".join(sorted(set(faults))) or None)
        if name.endswith(".sql"):
            hashed = [s for k, s in wanted if k in ("API key", "device token", "refresh token")]
            missing = [s[:12] for s in hashed if hashlib.sha256(s.encode()).hexdigest().encode() not in content]
            report(f"{name} holds the hashes of the {len(hashed)} keys and tokens, and what was written beside them",
                   f"not found: {missing}" if missing or canary.encode() not in content else None)


if sys.argv[1] == "use":
    asyncio.run(use(*sys.argv[2:5]))
else:
    search(sys.argv[2], sys.argv[3:])
