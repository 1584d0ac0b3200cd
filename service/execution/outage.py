"""Saying once that something went away, and once that it is back."""

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
        """It did not answer just now."""
        if not self._away:
            log.warning("unavailable; retrying", of=self._what, error=str(error).strip())
        self._away = True

    def over(self) -> None:
        """It has just answered."""
        if self._away:
            log.info("available again", of=self._what)
        self._away = False
