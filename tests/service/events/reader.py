"""A client of streams of events that does what the standard asks for, and no more."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

WAIT_SECONDS = 60
STREAM = "text/event-stream"


class Reader:
    """One stream; events are (id, type, data)."""

    def __init__(self, port: int, path: str, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
        self._connection.request("GET", path, headers={"Accept": STREAM, **headers})
        self.answer = self._connection.getresponse()
        self.status = self.answer.status

    def blocks(self) -> Iterator[list[str]]:
        """The stream's blocks, each the lines up to an empty one."""
        lines: list[str] = []
        for line in self.answer:
            text = line.decode().rstrip("\n")
            if text:
                lines.append(text)
            else:
                yield lines
                lines = []
        assert not lines, "the stream ended within a block"

    def events(self) -> Iterator[tuple[str, str, Any]]:
        """The stream's events."""
        for block in self.blocks():
            fields = dict(line.split(": ", 1) for line in block)
            if "data" in fields:
                yield fields["id"], fields["event"], json.loads(fields["data"])

    def next(self, count: int) -> list[tuple[str, str, Any]]:
        """The next events, as many."""
        events = self.events()
        return [next(events) for _ in range(count)]

    def rest(self) -> list[tuple[str, str, Any]]:
        """All events until the stream ends."""
        return list(self.events())

    def document(self) -> Any:
        """The whole answer, of what is no stream."""
        return json.loads(self.answer.read() or "null")

    def close(self) -> None:
        """Leave."""
        self.answer.close()
        self._connection.close()
