"""Number groups of rows, and check that each lies in one split."""

from __future__ import annotations

import numpy as np

from engine.kernels import Array
from service.datasets.reading.limits import MAX_GROUPS
from service.datasets.reading.results import MOST_REASONS, Reason, Refused, shown
from service.datasets.reading.table import Table

__all__ = ["check_whole", "numbered"]


def numbered(groups: Array) -> tuple[Array, int]:
    """(N,) numbers of the groups from 0 without a gap, and how many groups there are.

    Of more than ``MAX_GROUPS`` some share a number, and so stay together, too: a part can still be met to a
    thousandth of the rows, and the service never has to know the sizes of millions of groups.
    """
    names, numbers = np.unique(groups, return_inverse=True)
    return (numbers % MAX_GROUPS).astype(np.uint16), len(names)


def check_whole(table: Table, place: int, parts: Array) -> None:
    """Raise Refused for groups of which rows are in several parts, telling where each is in the second."""
    groups, levels = table.column(place)
    names, first, numbers = np.unique(groups, return_index=True, return_inverse=True)
    elsewhere = np.flatnonzero(parts != parts[first][numbers])
    if not len(elsewhere):
        return
    torn, positions = np.unique(numbers[elsewhere], return_index=True)
    reasons = [
        Reason(
            table.lines.of(int(elsewhere[position])),
            table.roles.names[place],
            f"group {shown(levels[int(names[group])] if levels else f'{names[group]:g}')} in a second split",
            f"one part, as in row {table.lines.of(int(first[group]))}",
        )
        for group, position in zip(torn[:MOST_REASONS], positions, strict=False)
    ]
    raise Refused(reasons, "Put all rows of a group into one split, or leave the group out.")
