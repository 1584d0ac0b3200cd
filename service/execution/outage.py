"""Log the start and the end of an outage once each."""

from __future__ import annotations

import structlog

__all__ = ["Outage"]

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
