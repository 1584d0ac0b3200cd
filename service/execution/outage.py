"""Outlast an outage, and log its start and its end once each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

__all__ = ["Outage", "patiently"]

SHORTEST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 2.0

Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


class Outage:
    """The log of one thing that may be away for a while, named by ``what``."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._away = False

    def note(self, error: object) -> None:
        """Record a failure."""
        if not self._away:
            log.warning("unavailable; retrying", of=self._what, error=str(error).strip())
        self._away = True

    def over(self) -> None:
        """Record a success."""
        if self._away:
            log.info("available again", of=self._what)
        self._away = False


def patiently(
    call: Callable[[], Answer],
    outage: Outage,
    pause: Callable[[float], object],
    *,
    is_final: Callable[[DBAPIError], bool] = lambda _error: False,
) -> Answer:
    """Call again while the database is unavailable, with a ``pause`` of some seconds in between.

    Errors that are final are raised at once. ``call`` may run again although its transaction was committed.
    """
    wait = SHORTEST_WAIT_SECONDS
    while True:
        try:
            answer = call()
        except PoolTimeout as error:
            outage.note(error)
        except (OperationalError, InterfaceError) as error:
            if is_final(error):
                raise
            outage.note(error.orig)
        except InternalError as error:
            # The server aborted a transaction in which this process was frozen.
            if not error.connection_invalidated:
                raise
            outage.note(error.orig)
        else:
            outage.over()
            return answer
        pause(wait)
        wait = min(2 * wait, LONGEST_WAIT_SECONDS)
