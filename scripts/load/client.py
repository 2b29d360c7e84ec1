"""A small HTTP client that measures, and that can misbehave."""

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Answer:
    """`status` is a number, or `closed` and `hang` for what was no answer."""
    status: object
    body: bytes = b""
    headers: dict = field(default_factory=dict)
    seconds: float = 0.0


class Client:
    def __init__(self, address):
        self.address = address
        self.host, port = address.split(":")
        self.port = int(port)

    def request(self, method, path, body, headers, closing):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.address}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        lines += ["Connection: close"] if closing else []
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    async def ask(self, method, path, body=b"", headers=(), timeout=60):
        """One request on a connection of its own."""
        began = time.monotonic()

        async def talk():
            reader, writer = await asyncio.open_connection(self.host, self.port, limit=1 << 20)
            try:
                try:
                    writer.write(self.request(method, path, body, headers, True))
                    await writer.drain()
                except OSError:
                    pass  # the answer may be there already
                return await read_answer(reader)
            finally:
                writer.close()
        answer = await attempt(talk(), timeout)
        answer.seconds = time.monotonic() - began
        return answer

    @asynccontextmanager
    async def connection(self):
        """A connection for several requests, opened again when the server has ended it."""
        kept = Kept(self)
        try:
            yield kept
        finally:
            kept.close()

    async def ask_slowly(self, method, path, body):
        """Reads 16 KiB a tenth of a second, for at most 20 seconds; the status."""
        async def talk():
            reader, writer = await asyncio.open_connection(self.host, self.port, limit=1 << 16)
            try:
                writer.write(self.request(method, path, body, (), True))
                await writer.drain()
                status = int((await reader.readline()).split()[1])
                end = time.monotonic() + 20
                while time.monotonic() < end and await reader.read(1 << 14):
                    await asyncio.sleep(0.1)
                return Answer(status)
            finally:
                writer.transport.abort()
        return (await attempt(talk(), 120)).status

    async def raw(self, parts, timeout):
        """Sends bytes as they are (`None` closes the sending half); the status of what comes back."""
        async def talk():
            reader, writer = await asyncio.open_connection(self.host, self.port, limit=1 << 20)
            try:
                try:
                    for part in parts:
                        if part is None:
                            writer.write_eof()
                        else:
                            writer.write(part)
                            await writer.drain()
                except OSError:
                    pass
                return await read_answer(reader)
            finally:
                writer.close()
        return (await attempt(talk(), timeout)).status


class Kept:
    def __init__(self, client):
        self.client, self.streams = client, None

    async def ask(self, method, path):
        began = time.monotonic()
        answer = await attempt(self.talk(method, path), 60)
        answer.seconds = time.monotonic() - began
        return answer

    async def talk(self, method, path):
        if self.streams is None:
            self.streams = await asyncio.open_connection(self.client.host, self.client.port, limit=1 << 20)
        reader, writer = self.streams
        writer.write(self.client.request(method, path, b"", (), False))
        answer = await read_answer(reader)
        if answer.status == "closed" or answer.headers.get("connection") == "close":
            self.close()
        return answer

    def close(self):
        if self.streams:
            self.streams[1].close()
        self.streams = None


async def attempt(talk, timeout):
    try:
        return await asyncio.wait_for(talk, timeout)
    except asyncio.TimeoutError:
        return Answer("hang")
    except (OSError, asyncio.IncompleteReadError, IndexError, ValueError):
        return Answer("closed")


async def read_answer(reader):
    line = await reader.readline()
    status = int(line.split()[1])
    headers = {}
    while (line := (await reader.readline()).strip()):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("transfer-encoding") == "chunked":
        body = bytearray()
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    elif "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    else:
        body = b"" if status in (204, 304) else await reader.read()
    return Answer(status, bytes(body), headers)
