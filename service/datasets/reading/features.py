"""Feature columns: numbers, booleans or categories; columns fit only for memorizing are refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.kernels import Array
from service.datasets.reading.forms import are_dates, are_durations, number_advice, numeric_words
from service.datasets.reading.limits import MAX_LEVELS, MAX_LEVELS_NAMED
from service.datasets.reading.results import (
    MOST_REASONS,
    ColumnFound,
    DatasetWarning,
    Reason,
    Refused,
    refuse,
    shown,
)
from service.datasets.reading.table import Table, narrowed
from service.datasets.reading.targets import truth_words

__all__ = ["Features", "feature_names", "find_features"]

MISSING_LEVEL = "(missing)"
_FEWEST_NAMES = 10
_FIRST_DAY, _LAST_DAY = 1800_01_01, 2199_12_31


@dataclass(frozen=True, slots=True)
class Features:
    """``x`` (N, C) as its ``columns`` say; ``unused`` are columns in which there is nothing.

    ``doubts`` say what may be wrong about how columns were read.
    """

    x: Array
    columns: tuple[ColumnFound, ...]
    unused: tuple[str, ...]
    doubts: tuple[DatasetWarning, ...] = ()


def find_features(table: Table) -> Features:
    """The features of a table; raises Refused with every column that cannot be learned from."""
    roles = table.roles
    filled = [place for place in roles.features if not _is_empty(table.column(place)[0])]
    if not filled:
        raise refuse("columns without a value", "a feature column", "Check the markers of missing values.")
    x = _taken(table.values, [table.places[place] for place in filled])
    found, reasons = [], []
    doubts: list[DatasetWarning] = []
    for index, place in enumerate(filled):
        values, levels = x[:, index], table.column(place)[1]
        bad = _unusable(table, place, values, levels)
        reasons += bad
        if not bad:
            name = roles.names[place]
            doubts += _doubts(name, values, levels, named=place in roles.categorical)
            found.append(_column(name, values, levels))
    if reasons:
        raise Refused(reasons, _advice(reasons, table))
    used = set(filled)
    unused = tuple(roles.names[place] for place in roles.features if place not in used)
    return Features(narrowed(x), tuple(found), unused, tuple(doubts))


def feature_names(columns: Sequence[ColumnFound]) -> tuple[str, ...]:
    """Names of what the columns become once they are encoded."""
    names: list[str] = []
    for column in columns:
        if column.kind == "category":
            names += [f"{column.name}={level}" for level in column.levels]
        else:
            names += [column.name, f"{column.name} missing"][: 1 + column.missing]
    return tuple(names)


def _taken(values: Array, places: list[int]) -> Array:
    """A C-ordered copy of the columns."""
    if places == list(range(places[0], places[-1] + 1)):
        return values[:, places[0] : places[-1] + 1].copy()
    return values[:, places]


def _is_empty(values: Array) -> bool:
    return values.dtype.kind == "f" and bool(np.isnan(values).all())


def _unusable(table: Table, place: int, values: Array, levels: list[str] | None) -> list[Reason]:
    name = table.roles.names[place]
    if levels is None:
        rows = np.flatnonzero(np.isinf(values))[:MOST_REASONS]
        return [Reason(table.lines.of(int(row)), name, "infinity", "a finite number") for row in rows]
    if place not in table.roles.categorical and are_dates(levels):
        found = f"dates such as {shown(levels[0])}"
        return [Reason(None, name, found, 'numbers, such as days since a date; or the column as "order"')]
    if place not in table.roles.categorical and are_durations(levels):
        return [Reason(None, name, f"durations such as {shown(levels[0])}", "numbers, such as minutes")]
    known = int(np.count_nonzero(~np.isnan(values))) if values.dtype.kind == "f" else len(values)
    named = place in table.roles.categorical
    most = MAX_LEVELS_NAMED if named else MAX_LEVELS
    unique = not named and len(levels) == known > _FEWEST_NAMES
    if len(levels) > most or unique:
        found = f"{len(levels)} distinct strings in {known} rows, such as {shown(levels[0])}"
        return [Reason(None, name, found, f"numbers, or at most {most} repeated categories")]
    return []


def _doubts(name: str, values: Array, levels: list[str] | None, *, named: bool) -> Iterator[DatasetWarning]:
    """Warnings about how a column was read, unless its kind was ``named``."""
    if levels is None:
        if _are_days(values):
            message = (
                f"Column {shown(name)} holds numbers that look like dates, such as 20240131; convert them "
                "to a number of days, or leave the column out."
            )
            yield DatasetWarning("dates_as_numbers", "#/columns", message, column=name)
    elif not named and (words := numeric_words(levels)) is not None:
        message = (
            f"Column {shown(name)} holds {words}, such as {shown(levels[0])}, which are taken for "
            'unordered categories; write each as one number, or list the column in "categorical" if '
            "they are categories."
        )
        yield DatasetWarning("numbers_as_categories", "#/columns", message, column=name)


def _are_days(values: Array) -> bool:
    """Whether numbers are days written as year, month and day without separators."""
    known = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    if not len(known) or known.min() < _FIRST_DAY or known.max() > _LAST_DAY or known.min() == known.max():
        return False
    days = known.astype(np.int64)
    month, day = days // 100 % 100, days % 100
    return bool((days == known).all() and ((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all())  # noqa: PLR2004 - of a calendar


def _advice(reasons: Sequence[Reason], table: Table) -> str:
    names = list(dict.fromkeys(str(reason.column) for reason in reasons[:MOST_REASONS]))
    levels = (table.column(table.roles.names.index(name))[1] for name in names)
    better = dict.fromkeys(filter(None, (number_advice(each) for each in levels if each)))
    quoted = ", ".join(f'"{name}"' for name in names)
    return " ".join([*better, f'Correct these columns, or leave them out with "ignore": [{quoted}].'])


def _column(name: str, values: Array, levels: list[str] | None) -> ColumnFound:
    """Convert a column; in ``values`` (N,) the numbers of strings become those of the levels in alphabetical order."""
    gone = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), bool)
    missing = bool(gone.any())
    if levels is None:
        return ColumnFound(name, missing=missing)
    truths = truth_words(levels) if len(levels) == 2 else None  # noqa: PLR2004 - yes and no
    if truths is not None and truths.min() != truths.max():
        values[~gone] = truths[values[~gone].astype(np.intp)]
        return ColumnFound(name, "boolean", tuple(levels[place] for place in np.argsort(truths)), missing)
    order = sorted({*levels, *([MISSING_LEVEL] if missing else [])})
    numbers = np.array([order.index(level) for level in levels])
    values[~gone] = numbers[values[~gone].astype(np.intp)]
    if missing:
        values[gone] = order.index(MISSING_LEVEL)
    return ColumnFound(name, "category", tuple(order))
