"""Roles of a table's columns: target, feature, weight, split, group, order, or none."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.errors import did_you_mean
from service.datasets.reading.label_texts import trimmed
from service.datasets.reading.limits import MAX_COLUMNS
from service.datasets.reading.numeric import NumericColumn
from service.datasets.reading.option_rules import LONGEST_NAME, is_plain
from service.datasets.reading.options import ColumnReference, Options
from service.datasets.reading.results import DatasetWarning, Reason, Refused, refuse, shown

__all__ = ["BY_NAME", "BY_PLACE", "Roles", "assign_roles", "column_names", "is_called", "is_place"]

BY_NAME, BY_PLACE = "by its name", "because it is the last column"
_TARGET_NAMES = ("target", "label", "class", "y", "species", "outcome", "survived")


@dataclass(frozen=True)
class Roles:
    """The places of columns in a table, from 0, by what they are for; ``features`` are all that is left.

    ``guess`` says why a column was taken for the target; None if it was named.
    """

    names: tuple[str, ...]
    targets: tuple[int, ...]
    features: tuple[int, ...]
    weight: int | None
    split: int | None
    group: int | None
    order: int | None
    categorical: frozenset[int]
    numeric: Mapping[int, NumericColumn]
    guess: str | None = None

    @functools.cached_property
    def read(self) -> tuple[int, ...]:
        """Every column that is not ignored."""
        others = [place for place in (self.weight, self.split, self.group, self.order) if place is not None]
        return tuple(sorted({*self.targets, *self.features, *others}))


def column_names(header: Sequence[str] | None, count: int) -> tuple[tuple[str, ...], list[DatasetWarning]]:
    """Names for ``count`` columns, each once, and warnings about those that were made up; raises Refused for none."""
    if count > MAX_COLUMNS:
        raise refuse(
            f"{count} columns", f"at most {MAX_COLUMNS}", "Is this file transposed? Rows must be examples."
        )
    if header is None:
        return tuple(f"column_{place}" for place in range(count)), []
    given = [trimmed(name) or f"column_{place}" for place, name in enumerate(header)]
    if bad := [name for name in given if not is_plain(name) or len(name) > LONGEST_NAME]:
        raise refuse(
            shown(bad[0]),
            f"a column's name of up to {LONGEST_NAME} characters",
            "Shorten or clean the first row.",
            row=1,
        )
    seen: Counter[str] = Counter()
    names, warnings, taken = [], [], set(given)
    for name in given:
        seen[name] += 1
        unique = name
        while seen[name] > 1 and unique in taken:
            unique = f"{name}_{seen[name]}"
            seen[name] += unique in taken
        if unique != name:
            message = f"A second column is called {shown(name)}; it was renamed {shown(unique)}."
            warnings.append(DatasetWarning("repeated_name", "#/columns", message, column=unique))
        taken.add(unique)
        names.append(unique)
    return tuple(names), warnings


def assign_roles(names: tuple[str, ...], options: Options, filled: int | None = None) -> Roles:
    """Assign roles to columns; raises Refused for a missing column, or without a feature.

    Columns from ``filled`` on are known to be empty, and so no target.
    """
    placed = _Places(names)
    ignored = set(placed.find_all(options.ignore))
    single = {name: placed.find(getattr(options, name)) for name in ("weight", "split", "group", "order")}
    taken = ignored | {place for place in single.values() if place is not None}
    targets = placed.find_all(options.targets)
    categorical = placed.find_all(options.categorical)
    numeric = {place: each for each in options.numeric for place in placed.find_all([each.column])}
    placed.check()
    guess = None
    if not targets:
        targets, guess = _likely_target(names[:filled], taken)
    features = tuple(place for place in range(len(names)) if place not in taken | set(targets))
    if not targets or not features:
        raise refuse(
            f"{len(names)} column{'s' * (len(names) != 1)}, of which {len(features)} feature columns",
            "a target and at least one other column",
            'Check the delimiter, or set "target" and ignore fewer columns.',
        )
    return Roles(
        names,
        targets,
        features,
        **single,
        categorical=frozenset(categorical),
        numeric=numeric,
        guess=guess,
    )


class _Places:
    """Finds columns by name or number, and remembers those that are not there."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.places = {name: place for place, name in enumerate(names)}
        self.unknown: list[Reason] = []

    def find_all(self, columns: Iterable[ColumnReference]) -> tuple[int, ...]:
        found = (self.find(column) for column in columns)
        return tuple(dict.fromkeys(place for place in found if place is not None))

    def find(self, column: ColumnReference | None) -> int | None:
        if column is None:
            return None
        if isinstance(column, str) and column.strip() in self.places:
            return self.places[column.strip()]
        place = _number(column)
        if place is not None and -len(self.names) <= place < len(self.names):
            return place % len(self.names)
        first = ", ".join(shown(name) for name in self.names[:20])
        hint = did_you_mean(str(column), self.names[:1000])
        self.unknown.append(Reason(None, str(column), "no such column", f"one of {first}.{hint}"))
        return None

    def check(self) -> None:
        if self.unknown:
            raise Refused(
                self.unknown, "Name columns as in the first row of the file, or by zero-based index."
            )


def is_called(options: Options, place: int, names: Sequence[str]) -> bool:
    """Whether the options name this column for something, by its name or by its place."""
    places = (place, place - len(names))
    return any(each == names[place] or _number(each) in places for each in options.called)


def is_place(column: ColumnReference) -> bool:
    """Whether this may be a column's place instead of its name."""
    return _number(column) is not None


def _number(column: ColumnReference) -> int | None:
    """A column's number, which a form sends as text."""
    if isinstance(column, int):
        return column
    digits = column.removeprefix("-")
    return (
        int(column)
        if digits.isascii() and digits.isdecimal() and len(digits) <= len(str(MAX_COLUMNS))
        else None
    )


def _likely_target(names: Sequence[str], taken: set[int]) -> tuple[tuple[int, ...], str]:
    """A column that is called like one, else the last; and which of the two it was."""
    free = [place for place in range(len(names)) if place not in taken]
    by_name = {names[place].lower(): place for place in reversed(free)}
    likely = [by_name[name] for name in _TARGET_NAMES if name in by_name]
    return tuple((likely or free[-1:])[:1]), BY_NAME if likely else BY_PLACE
