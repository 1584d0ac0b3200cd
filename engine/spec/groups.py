"""Groups of rows divided among train, validation and test, none of them in two: by their sizes and the seed alone.

Standard library only, so that a service knows the rows of each part, and with them λ/n, before any array is loaded.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence

from engine.spec.shares import rows_of_share
from engine.spec.splits import Split

__all__ = ["groups_needed", "parts_of_groups", "wanted_rows"]

_KEPT = 64


def wanted_rows(split: Split, rows: int) -> dict[str, int]:
    """Rows that a split wants to take from ``rows`` for validation and, unless the data set has its own, for test."""
    shares = {"validation": split.validation} | ({} if split.test is None else {"test": split.test})
    return {name: rows_of_share(share, rows) for name, share in shares.items()}


def groups_needed(split: Split, rows: int) -> int:
    """How many groups there must be so that each part that wants rows has one."""
    return 1 + sum(count > 0 for count in wanted_rows(split, rows).values())


@functools.lru_cache(maxsize=_KEPT)
def parts_of_groups(split: Split, sizes: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """The numbers of the groups of ``train`` and of those other parts that are taken from these rows.

    ``sizes`` (a tuple) are the rows of each group; at least ``groups_needed`` of them. Groups come up in an order that
    the split's seed decides. Validation, then test, takes each that brings its rows closer to what it wants, at least
    one, and never the last that a later part needs.
    """
    remaining = sorted(range(len(sizes)), key=lambda group: _rank(split.seed, group))
    parts = {}
    needed = groups_needed(split, sum(sizes))
    for name, wanted in wanted_rows(split, sum(sizes)).items():
        needed -= wanted > 0
        parts[name] = _closest(
            [(group, sizes[group]) for group in remaining], wanted, len(remaining) - needed
        )
        taken = set(parts[name])
        remaining = [group for group in remaining if group not in taken]
    return {**parts, "train": tuple(remaining)}


def _rank(seed: int, group: int) -> bytes:
    """A place in the order; of SHA-256, which is the same wherever and whenever it is computed."""
    return hashlib.sha256(f"{seed}:{group}".encode()).digest()


def _closest(groups: Sequence[tuple[int, int]], wanted: int, most: int) -> tuple[int, ...]:
    """Of groups and their sizes, up to ``most`` that together have about ``wanted`` rows, one at least if any."""
    if not wanted:
        return ()
    taken: list[int] = []
    lacking = wanted
    for group, size in groups:
        if len(taken) < most and abs(lacking - size) < abs(lacking):
            taken.append(group)
            lacking -= size
    return tuple(taken) or (groups[0][0],)
