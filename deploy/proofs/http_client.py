"""A small HTTP/1.1 client over asyncio that tells apart what a proof has to tell apart: answered, refused, and unanswered."""
import asyncio
import json
from urllib.parse import urlsplit


class Unanswered(Exception):
    """The request was sent, or may have been, and no complete answer came. `started` says whether a byte of one came."""

    def __init__(self, reason: str, started: bool = False):
        super().__init__(reason)
        self.started = started


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300].decode(errors='replace')}"


class Connection:
    """One keep-alive connection, opened when needed. Not for concurrent use."""

    def __init__(self, url: str, headers: dict[str, str] | None = None, timeout: float = 30):
        parts = urlsplit(url)
        self.host, self.port = parts.hostname, parts.port or 80
        self.headers, self.timeout = headers or {}, timeout
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        """Raises OSError when nobody listens."""
        self.reader, self.writer = await asyncio.wait_for(
            asyncio.open_connection(self.host, self.port, limit=1 << 22), self.timeout)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

    async def request(self, method: str, path: str, body=None, headers: dict[str, str] | None = None) -> Answer:
        """Raises OSError when no connection can be made (nothing was sent), Unanswered after that."""
        if self.writer is None:
            await self.open()
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {"Host": f"{self.host}:{self.port}", **self.headers, **(headers or {})}
        if body is not None:
            fields.setdefault("Content-Type", "application/json")
        if body is not None or method in ("POST", "PUT", "PATCH"):
            fields["Content-Length"] = str(len(content))
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n"
        try:
            self.writer.write(head.encode() + content)
            return await asyncio.wait_for(self._answer(method), self.timeout)
        except Unanswered:
            self.close()
            raise
        except (OSError, asyncio.TimeoutError, ValueError) as error:
            self.close()
            raise Unanswered(f"{type(error).__name__}: {error}") from error

    async def _answer(self, method: str) -> Answer:
        started = False
        try:
            line = await self.reader.readuntil(b"\r\n")
            started = True
            status = int(line.split()[1])
            headers: dict[str, str] = {}
            while (line := await self.reader.readuntil(b"\r\n")) != b"\r\n":
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.strip().lower()] = value.strip()
            body = b"" if method == "HEAD" or status in (204, 304) else await self._body(headers)
        except asyncio.IncompleteReadError as error:
            raise Unanswered("the connection was closed", started or bool(error.partial)) from error
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers, body)

    async def _body(self, headers: dict[str, str]) -> bytes:
        if "chunked" not in headers.get("transfer-encoding", "").lower():
            return await self.reader.readexactly(int(headers.get("content-length", "0")))
        parts = []
        while size := int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16):
            parts.append(await self.reader.readexactly(size))
            await self.reader.readexactly(2)
        while await self.reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return b"".join(parts)


def report(text: str, fault: str | None = None) -> bool:
    """One line for the script that counts (see deploy/lib/checks.sh): passed, or failed with what was seen."""
    if fault:
        print(f"FAILED\t{text}\t{fault}", flush=True)
    else:
        print(f"ok\t{text}", flush=True)
    return not fault
