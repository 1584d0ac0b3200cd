"""Content negotiation (RFC 9110, 12.5.1): the best offered media type for an ``Accept`` header."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["preferred"]


def preferred(accept: str, offered: Sequence[str]) -> str | None:
    """The offered media type the client likes best, the first of equals; None if it accepts none of them.

    An empty header accepts everything.
    """
    ranges = [_read(part) for part in accept.split(",") if part.strip()] or [("*/*", 1.0)]
    best = max(offered, key=lambda offer: _quality(offer, ranges))
    return best if _quality(best, ranges) > 0 else None


def _read(part: str) -> tuple[str, float]:
    media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = next((value[2:] for value in parameters if value.startswith("q=")), "1")
    try:
        return media_range, min(max(float(quality), 0.0), 1.0)
    except ValueError:
        return media_range, 0.0


def _quality(offer: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The quality the most specific range that covers the offer gives it."""
    kind = offer.partition("/")[0]
    for pattern in (offer, f"{kind}/*", "*/*"):
        found = [quality for media_range, quality in ranges if media_range == pattern]
        if found:
            return max(found)
    return 0.0
