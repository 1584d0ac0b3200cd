"""Columns that name rows instead of describing them: row numbers, identifiers, and group names."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from engine.kernels import Array

__all__ = ["counts_rows", "identical", "names_entity", "names_index", "names_rows"]

_INDEX = re.compile(
    r"(?i)unnamed: ?\d+(_level_\d+)?|\.\.\.1|index|idx|row[ _.]?(id|names?|numbers?|no|nr)|row"
)
_TOKENS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ENTITIES = (
    *("patient", "subject", "participant", "respondent", "person", "individual", "student", "pupil", "user"),
    *(
        "customer",
        "client",
        "member",
        "employee",
        "speaker",
        "writer",
        "household",
        "family",
        "session",
        "visitor",
    ),
    *(
        "account",
        "order",
        "invoice",
        "transaction",
        "record",
        "sample",
        "case",
        "ticket",
        "passenger",
        "device",
    ),
)
_IDENTIFIERS = frozenset(("id", "ids", "uuid", "guid", "identifier", *(f"{each}id" for each in _ENTITIES)))
_NUMBERS = frozenset(("no", "nr", "num", "number", "code", "key", "name"))
# What rows belong to, and comes again: the others above may as well be an amount, as in "order" or "case".
_WHOLES = frozenset(_ENTITIES[:18])
_FEWEST_COUNTED = 50
_EARLIEST = 1e8
"""Range of Unix timestamps from 1973 on."""
_SPARSE = 1.1


def names_index(name: str) -> bool:
    """Whether a column is called as programs call the index of a table that they write."""
    return _INDEX.fullmatch(name.strip()) is not None


def names_entity(name: str) -> bool:
    """Whether a column is called like an identifier, or like what several rows belong to."""
    tokens = [token.lower() for token in _TOKENS.findall(name)]
    if not tokens:
        return False
    last, before = tokens[-1], tokens[-2] if len(tokens) > 1 else ""
    if last in _IDENTIFIERS or tokens[0] == "id" or (last in _NUMBERS and before in _ENTITIES):
        return True
    return tokens == [last] and last in _WHOLES


def counts_rows(values: Array) -> bool:
    """Whether integers or times rise or fall from each row to the next: they tell the place in the file alone."""
    numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all():
        return False
    steps, whole = np.diff(numbers), bool((np.rint(numbers) == numbers).all())
    if whole and steps[0] and (steps == steps[0]).all():
        return True
    if len(numbers) < _FEWEST_COUNTED:
        return False
    if whole and ((steps > 0).all() or (steps < 0).all()):
        return True
    clock = numbers.min() > _EARLIEST and ((steps >= 0).all() or (steps <= 0).all())
    return bool(clock and np.count_nonzero(steps) * 2 > len(steps))


def names_rows(values: Array) -> bool:
    """Whether these are row numbers in another order: all different, and next to no number between them left out."""
    numbers = values.astype(np.float64)
    if len(numbers) < _FEWEST_COUNTED or not (np.rint(numbers) == numbers).all():
        return False
    extent = numbers.max() - numbers.min() + 1
    return bool(extent <= _SPARSE * len(numbers) and len(np.unique(numbers)) == len(numbers))


def identical(columns: Sequence[tuple[str, Array]]) -> list[tuple[str, str]]:
    """Names of columns (N,) whose values are those of an earlier one, and that one's names."""
    seen: dict[int, list[tuple[str, Array]]] = {}
    found = []
    for name, values in columns:
        known = seen.setdefault(hash(np.ascontiguousarray(values, np.float64).tobytes()), [])
        other = next((first for first, same in known if np.array_equal(same, values, equal_nan=True)), None)
        if other is None:
            known.append((name, values))
        else:
            found.append((name, other))
    return found
