"""Split whole groups of rows into train, validation and test, by their sizes, classes and the seed.

Standard library only, so that a service knows the rows of each part, and with them λ/n, before any array is loaded.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from engine.spec.shares import rows_of_share
from engine.spec.splits import OrderSplit, Split

__all__ = [
    "MOST_CLASS_COLUMNS",
    "MOST_CLASS_COUNTS",
    "Copies",
    "GroupClasses",
    "Grouping",
    "groups_needed",
    "parts_of_groups",
    "wanted_rows",
]

GroupClasses = tuple[tuple[int, ...], ...]
"""Number of rows of each class in each group; rare classes may share a column."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups of rows that stay together: the rows of each, and those of each class in them, None without classes."""

    sizes: tuple[int, ...]
    classes: GroupClasses | None = None


@dataclass(frozen=True, slots=True)
class Copies:
    """Groups that hold all copies of a row: ``alone``, and ``joined`` with the data set's groups if it has some.

    Both are None if there are no copies.
    """

    alone: Grouping | None = None
    joined: Grouping | None = None


MOST_CLASS_COLUMNS, MOST_CLASS_COUNTS = 16, 2**18
"""Maximum number of class columns and of counts over all groups, which a service keeps with a data set."""

_KEPT = 64
_MOST_WEIGHED = 20_000
"""Maximum number of counts examined to find groups to exchange: a split of many groups is close without."""


def wanted_rows(split: Split | OrderSplit, rows: int) -> dict[str, int]:
    """Rows that a split wants to take from ``rows`` for validation and, unless the data set has its own, for test."""
    shares = {"validation": split.validation} | ({} if split.test is None else {"test": split.test})
    return {name: rows_of_share(share, rows) for name, share in shares.items()}


def groups_needed(split: Split, rows: int) -> int:
    """Number of groups needed for each requested split to have one."""
    return 1 + sum(count > 0 for count in wanted_rows(split, rows).values())


@functools.lru_cache(maxsize=_KEPT)
def parts_of_groups(
    split: Split, sizes: tuple[int, ...], classes: GroupClasses | None = None
) -> dict[str, tuple[int, ...]]:
    """The numbers of the groups of ``train`` and of those other parts that are taken from these rows.

    ``sizes`` are the rows of each group, of which there are at least ``groups_needed``; a stratified split needs the
    ``classes`` in them. Groups come up in an order that the split's seed decides. Validation, then test, takes each
    that brings its rows (of every class) closer to what it wants, at least one, and never the last that a later part
    needs. A stratified part then exchanges groups for others as long as that brings it closer.
    """
    counts = classes if split.stratify and classes is not None else tuple((size,) for size in sizes)
    remaining = sorted(range(len(sizes)), key=lambda group: _rank(split.seed, group))
    parts = {}
    rows, needed = sum(sizes), groups_needed(split, sum(sizes))
    for name, wanted in wanted_rows(split, rows).items():
        needed -= wanted > 0
        part = _Part(counts, wanted, rows)
        part.take(remaining if wanted else (), len(remaining) - needed)
        parts[name] = tuple(part.taken)
        remaining = _without(remaining, part.taken)
    return {**parts, "train": tuple(remaining)}


def _without(groups: Iterable[int], taken: Iterable[int]) -> list[int]:
    gone = set(taken)
    return [group for group in groups if group not in gone]


def _rank(seed: int, group: int) -> bytes:
    """A place in the order; of SHA-256, which is the same wherever and whenever it is computed."""
    return hashlib.sha256(f"{seed}:{group}".encode()).digest()


class _Part:
    """Groups taken for a part; ``lacking`` are the rows of each class that it still wants, negative for too many.

    The distance from what is wanted is Σ lacking²/rows over the classes, so that a rare class counts as much as others.
    """

    def __init__(self, counts: GroupClasses, wanted: int, rows: int) -> None:
        self.taken: list[int] = []
        of_class = [sum(column) for column in zip(*counts, strict=True)]
        self._counts, self._nothing = counts, (0,) * len(of_class)
        self._weights = [1 / max(count, 1) for count in of_class]
        self._lacking = [count * wanted / rows for count in of_class]

    def take(self, groups: Sequence[int], most: int) -> None:
        """Choose up to ``most`` of these groups, one at least if there are any."""
        for group in groups:
            if len(self.taken) < most and self._change(self._counts[group]) < 0:
                self._add(group)
        if groups and not self.taken:
            stratified = len(self._nothing) > 1
            self._add(
                min(groups, key=lambda group: self._change(self._counts[group])) if stratified else groups[0]
            )
        if len(self._nothing) > 1:
            self._exchange(_without(groups, self.taken), most)

    def _exchange(self, others: list[int], most: int) -> None:
        """Exchange groups for others, add some and give some back, as long as the distance shrinks."""
        left = _MOST_WEIGHED // len(self._nothing)
        improved = True
        while improved and left > 0:
            improved = False
            pairs: Iterable[tuple[int | None, int | None]] = product([*self.taken, None], [*others, None])
            for out, into in pairs:
                left -= 1
                if left <= 0:
                    break
                if len(self.taken) + (into is not None) - (out is not None) not in range(1, most + 1):
                    continue
                if self._change(self._difference(out, into)) < -1e-9:
                    self._swap(out, into, others)
                    improved = True
                    break

    def _difference(self, out: int | None, into: int | None) -> tuple[int, ...]:
        less, more = (self._nothing if group is None else self._counts[group] for group in (out, into))
        return tuple(gained - lost for lost, gained in zip(less, more, strict=True))

    def _swap(self, out: int | None, into: int | None, others: list[int]) -> None:
        self._count(self._difference(out, into))
        if out is not None:
            self.taken.remove(out)
            others.append(out)
        if into is not None:
            others.remove(into)
            self.taken.append(into)

    def _add(self, group: int) -> None:
        self._count(self._counts[group])
        self.taken.append(group)

    def _count(self, rows: Sequence[int]) -> None:
        self._lacking = [lacking - count for lacking, count in zip(self._lacking, rows, strict=True)]

    def _change(self, rows: Sequence[int]) -> float:
        """By how much the distance grows with so many more rows of each class."""
        each = zip(rows, self._lacking, self._weights, strict=True)
        change: float = sum(count * (count - 2 * lacking) * weight for count, lacking, weight in each)
        return change
