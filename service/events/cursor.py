"""Position of a reader of events: the number of the last event seen, per experiment.

In text the numbers stand in the order of the experiments' identifiers, with dashes between them. A single
experiment's is its event's number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from service.errors import InvalidParameter

__all__ = ["decode", "encode", "refuse"]

_NUMBERS = re.compile("[0-9]{1,18}(-[0-9]{1,18})*")


def encode(positions: Mapping[str, int]) -> str:
    """The text of a place."""
    return "-".join(str(position) for _, position in sorted(positions.items()))


def decode(text: str, identifiers: Collection[str], parameter: str) -> dict[str, int]:
    """The place that a text stands for among these experiments; raises InvalidParameter, which names ``parameter``."""
    numbers = text.split("-") if _NUMBERS.fullmatch(text) else []
    if len(numbers) != len(identifiers):
        raise refuse(parameter)
    return dict(zip(sorted(identifiers), map(int, numbers), strict=True))


def refuse(parameter: str) -> InvalidParameter:
    """The refusal of a text that was not given out as the id of an event of these experiments."""
    message = "Not the id of an event of these experiments; omit it to start from the first event."
    return InvalidParameter(parameter, "invalid_cursor", message)
