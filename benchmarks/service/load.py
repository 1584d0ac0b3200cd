"""A load generator that costs little: raw HTTP/1.1 over connections that stay open, one request at a time on each."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Load", "drive", "get_request", "post_request"]


@dataclass(frozen=True)
class Load:
    """What came of a load: every request's milliseconds, sorted, the wall time, and the generator's own share."""

    milliseconds: list[float]
    seconds: float
    own_share: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.milliseconds) / self.seconds

    def percentile(self, percent: int) -> float:
        """The smallest duration that so many percent of the requests do not exceed."""
        return self.milliseconds[-(-len(self.milliseconds) * percent // 100) - 1]


def get_request(path: str) -> bytes:
    """The bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post_request(path: str, document: dict[str, Any]) -> bytes:
    """The bytes of a POST of a JSON document."""
    body = json.dumps(document).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def drive(
    host: str,
    port: int,
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
    return asyncio.run(_drive(host, port, request, connections, seconds, rate))


async def _drive(
    host: str,
    port: int,
    request: Callable[[int], bytes],
    connections: int,
    seconds: float,
    rate: float | None,
) -> Load:
    durations: list[float] = []
    numbers = iter(range(1_000_000_000))
    begun, cpu = time.perf_counter(), time.process_time()

    async def client() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        while time.perf_counter() < begun + seconds:
            number = next(numbers)
            due = time.perf_counter() if rate is None else begun + number / rate
            if due > begun + seconds:
                break
            await asyncio.sleep(max(0, due - time.perf_counter())) if rate else None
            writer.write(request(number))
            await _read_answer(reader)
            durations.append((time.perf_counter() - due) * 1000)
        writer.close()

    await asyncio.gather(*(client() for _ in range(connections)))
    elapsed = time.perf_counter() - begun
    return Load(sorted(durations), elapsed, (time.process_time() - cpu) / elapsed)


async def _read_answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    body = await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r")[0]))
    if not head.startswith(b"http/1.1 2"):
        message = f"{head.splitlines()[0].decode()}: {body.decode()[:500]}"
        raise RuntimeError(message)
