"""Roster of a class as a CSV file: one key per line, with owner, name and limits.

Pure: reads and checks text, makes nothing.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import InvalidSpec, SpecProblem, did_you_mean
from service.access.caller import Limits
from service.keys.submission import NewKey, read_new_key

__all__ = ["MOST_LINES", "Member", "RosterError", "read_limit", "read_roster"]

MOST_LINES = 10_000
_MOST_SHOWN = 5
_LONGEST_NUMBER = 19
_LIMITS = tuple(each.name for each in dataclasses.fields(Limits))
_COLUMNS = ("owner", "name", "group", *_LIMITS)


class RosterError(ValueError):
    """The file is no list of keys to make; the message names the lines that are wrong, for people."""


@dataclass(frozen=True, slots=True)
class Member:
    """A key to create, and the group that its owner is to belong to."""

    key: NewKey
    group: str | None = None


def read_roster(text: str, common: Mapping[str, Any]) -> list[Member]:
    """The keys that a file asks for, each with what is ``common`` to all of them; raises RosterError.

    The first line has the columns' names: ``owner``, and any of ``name``, ``group`` and the limits. An empty cell is as
    good as none.
    """
    header, *lines = _rows(text)
    _check_header(header)
    members: list[Member] = []
    wrong: list[str] = []
    owners: dict[str, int] = {}
    for number, cells in lines:
        try:
            member = _member(header[1], cells, common)
        except InvalidSpec as error:
            places = (f"{'/'.join(map(str, each.path))}: {each.message}" for each in error.problems)
            wrong.append(f"line {number}: {' '.join(places)}")
            continue
        owner = member.key.owner
        if owner in owners:
            wrong.append(f"line {number}: owner {owner} is also on line {owners[owner]}")
        owners.setdefault(owner, number)
        members.append(member)
    if wrong:
        more = f"; and {len(wrong) - _MOST_SHOWN} more lines" if len(wrong) > _MOST_SHOWN else ""
        raise RosterError("; ".join(each.rstrip(".") for each in wrong[:_MOST_SHOWN]) + more)
    return members


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """The lines that are not blank, with their numbers, the first of them the header."""
    first = text.lstrip("\ufeff").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter, strict=True)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(cells)]
    except csv.Error as error:
        message = f"line {reader.line_num}: {error}"
        raise RosterError(message) from error
    if not rows[1:]:
        message = f"expected a header line ({', '.join(_COLUMNS)}) and one line per key"
        raise RosterError(message)
    if len(rows) > MOST_LINES + 1:
        message = f"more than {MOST_LINES:,} lines"
        raise RosterError(message)
    return rows


def _check_header(header: tuple[int, Sequence[str]]) -> None:
    number, names = header
    for name in names:
        if name not in _COLUMNS:
            hint = did_you_mean(name[:80], _COLUMNS)
            message = f'line {number}: unknown column "{name[:80]}"; allowed: {", ".join(_COLUMNS)}.{hint}'
            raise RosterError(message)
    if "owner" not in names or len(set(names)) < len(names):
        message = f"line {number}: the column owner is required, and no column may appear twice"
        raise RosterError(message)


def _member(names: Sequence[str], cells: Sequence[str], common: Mapping[str, Any]) -> Member:
    if len(cells) > len(names):
        message = f"{len(cells)} fields under {len(names)} columns"
        raise InvalidSpec([SpecProblem(("cells",), "range", message)])
    given = {name: cell for name, cell in zip(names, cells, strict=False) if cell}
    limits = {name: read_limit(given[name]) for name in _LIMITS if name in given}
    own = {name: given.get(name) for name in ("owner", "name")}
    return Member(read_new_key({**common, **own, "limits": limits}), given.get("group"))


def read_limit(cell: str) -> int | str:
    """The cell as an integer; as it is where it is none, which the check then says."""
    return int(cell) if cell.isascii() and cell.isdecimal() and len(cell) <= _LONGEST_NUMBER else cell
