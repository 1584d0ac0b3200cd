"""Looking at experiments again and again, over one connection that stays open."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from scripts.fresh_service import FreshService

__all__ = ["Watch", "watching"]

INTERVAL_SECONDS = 0.004
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Watch:
    """A client of a service."""

    connection: http.client.HTTPConnection

    def post(self, path: str, document: dict[str, Any] | None = None) -> Any:
        """The JSON answer to a POST."""
        return self._ask("POST", path, json.dumps(document or {}))

    def experiment(self, identifier: str) -> Any:
        """The experiment as it is now."""
        return self._ask("GET", f"/v1/experiments/{identifier}")

    def until(self, identifier: str, condition: Callable[[Any], bool]) -> Any:
        """The experiment as soon as it fulfils the condition."""
        deadline = time.perf_counter() + PATIENCE_SECONDS
        while not condition(experiment := self.experiment(identifier)):
            assert time.perf_counter() < deadline, experiment
            time.sleep(INTERVAL_SECONDS)
        return experiment

    def _ask(self, method: str, path: str, body: str | None = None) -> Any:
        headers = {} if body is None else {"Content-Type": "application/json"}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status < http.client.MULTIPLE_CHOICES, content
        return json.loads(content)


@contextlib.contextmanager
def watching(service: FreshService) -> Iterator[Watch]:
    """A client for the length of the block."""
    connection = http.client.HTTPConnection(service.host, service.port, timeout=PATIENCE_SECONDS)
    with contextlib.closing(connection):
        yield Watch(connection)
