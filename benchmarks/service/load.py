"""A load generator that costs little: raw HTTP/1.1 over connections that stay open, one request at a time on each."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import uvloop

from scripts.fresh_service import FreshService

__all__ = ["Load", "drive", "get_request", "post_request"]


@dataclass(frozen=True)
class Load:
    """What came of a load: every request's milliseconds, the wall time, and the generator's own share of a core."""

    milliseconds: list[float]
    seconds: float
    own_share: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.milliseconds) / self.seconds


def get_request(path: str) -> bytes:
    """The bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post_request(path: str, document: dict[str, Any]) -> bytes:
    """The bytes of a POST of a JSON document."""
    body = json.dumps(document).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def drive(
    service: FreshService,
    request: Callable[[int], bytes],
    *,
    connections: int,
    seconds: float,
    rate: float | None = None,
) -> Load:
    """Send request number 0, 1, … for so many seconds: as fast as answers come, or so many per second.

    At a fixed rate a request's time counts from when it was due, so that waiting for a slow one is not hidden.
    Raises RuntimeError at an answer that is not a 2xx.
    """
    return uvloop.run(_Drive(service, request, seconds, rate).run(connections))


@dataclass
class _Drive:
    """One load while it lasts."""

    service: FreshService
    request: Callable[[int], bytes]
    seconds: float
    rate: float | None
    begun: float = 0.0
    numbers: Iterator[int] = field(default_factory=itertools.count)
    durations: list[float] = field(default_factory=list)

    async def run(self, connections: int) -> Load:
        self.begun, processor = time.perf_counter(), time.process_time()
        await asyncio.gather(*(self._client() for _ in range(connections)))
        elapsed = time.perf_counter() - self.begun
        return Load(self.durations, elapsed, (time.process_time() - processor) / elapsed)

    async def _client(self) -> None:
        reader, writer = await asyncio.open_connection(self.service.host, self.service.port)
        with contextlib.closing(writer):
            while (due := await self._due(number := next(self.numbers))) is not None:
                writer.write(self.request(number))
                await _read_answer(reader)
                self.durations.append((time.perf_counter() - due) * 1000)

    async def _due(self, number: int) -> float | None:
        """When a request is to be sent, once it is; None after the end."""
        now = time.perf_counter()
        due = now if self.rate is None else self.begun + number / self.rate
        if due >= self.begun + self.seconds:
            return None
        if due > now:
            await asyncio.sleep(due - now)
        return due


async def _read_answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b"transfer-encoding: chunked" in head:
        body = await reader.readuntil(b"\r\n0\r\n\r\n")
    else:
        body = await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r")[0]))
    if not head.startswith(b"http/1.1 2"):
        message = f"{head.splitlines()[0].decode()}: {body.decode()[:500]}"
        raise RuntimeError(message)
