"""The platform as its users see it, for the proofs: sign-ins, devices with tokens, rules, and what is stored."""
import json

from http_client import Answer, Connection


class Platform:
    """Somebody signed in. Every call raises RuntimeError with the answer when it is refused."""

    def __init__(self, url: str):
        self.connection = Connection(url, timeout=60)

    async def call(self, method: str, path: str, body=None, expected: tuple[int, ...] = (200, 201, 202, 204)) -> Answer:
        answer = await self.connection.request(method, "/api/v1" + path, body)
        if answer.status not in expected:
            raise RuntimeError(f"{method} {path}: {answer}")
        return answer

    async def sign_in(self, email: str, password: str) -> str:
        answer = await self.call("POST", "/auth/login", {"email": email, "password": password})
        token = answer.json()["access_token"]
        self.connection.headers["Authorization"] = f"Bearer {token}"
        return token

    async def all(self, path: str) -> list[dict]:
        """Every item of a list, page by page."""
        items, cursor = [], None
        while True:
            page = (await self.call("GET", path + (f"&cursor={cursor}" if cursor else ""))).json()
            items += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return items


class Demo:
    """The file that `rookery seed --demo` wrote."""

    def __init__(self, path: str):
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        self.sign_ins, self.devices = content["sign_ins"], content["devices"]

    def sign_in(self, role: str, organization: str | None = None) -> dict:
        return next(s for s in self.sign_ins if s["role"] == role and organization in (None, s["organization"]))
