"""Order column: numbers, dates or times, as numbers that grow with time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np

from engine.kernels import Array
from service.datasets.reading.results import MOST_REASONS, Reason, Refused, shown
from service.datasets.reading.table import Table

__all__ = ["moments"]

_YEAR_FIRST = r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})(?:[-/.](?P<day>\d{1,2}))?"
_YEAR_LAST = r"(?P<a>\d{1,2})(?P<sign>[-/.])(?P<b>\d{1,2})(?P=sign)(?P<last>\d{4})"
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:[.,]\d+)?))?\s*(?P<half>[AaPp][Mm])?"
_ZONE = r"(?P<zone>Z|UTC|[-+]\d{2}:?\d{2})?"
_MOMENT = re.compile(rf"(?:{_YEAR_FIRST}|{_YEAR_LAST})(?:[T ,]+{_TIME}\s*{_ZONE})?")
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60
_MONTHS, _NOON = 12, 12
_EXPECTED = "a number, or a date such as 2024-01-31 or 2024-01-31 12:00"
_ADVICE = 'Give every row a number or a date in one format, or do not use the column as "order".'


def moments(table: Table, place: int) -> Array:
    """(N,) numbers in the order of a column: the numbers it holds, or seconds; raises Refused for what is neither.

    Times without a zone are taken for UTC. Of dates that begin with day or month one number above 12 tells which.
    """
    values, levels = table.column(place)
    known: list[float | None] | None = None
    if levels is not None:
        known = list(_seconds(levels))
        values = np.array([*(np.nan if each is None else each for each in known), np.nan])[
            np.where(np.isnan(values), len(levels), values).astype(np.intp)
        ]
    bad = np.flatnonzero(~np.isfinite(values))[:MOST_REASONS].tolist()
    if bad:
        raise Refused((_reason(table, place, row) for row in bad), _advice(levels or ()))
    moments: Array = values.astype(np.float64)
    return moments


def _reason(table: Table, place: int, row: int) -> Reason:
    values, levels = table.column(place)
    value = values[row]
    found = "nothing" if np.isnan(value) else shown(levels[int(value)]) if levels else f"{value:g}"
    return Reason(table.lines.of(row), table.roles.names[place], found, _EXPECTED)


def _advice(levels: Sequence[str]) -> str:
    """Advice, with more of it if day and month cannot be told apart."""
    matches = [match for match in map(_MOMENT.fullmatch, levels) if match is not None]
    if any(match["a"] and match["sign"] != "." for match in matches) and _day_first(levels) is None:
        return f"Day and month cannot be told apart; write dates as 2024-01-31. {_ADVICE}"
    return _ADVICE


def _seconds(texts: Sequence[str]) -> Iterator[float | None]:
    """Seconds of each date; None for what is none."""
    day_first = _day_first(texts)
    for text in texts:
        match = _MOMENT.fullmatch(text)
        yield None if match is None else _of_match(match, day_first=day_first)


def _day_first(texts: Sequence[str]) -> bool | None:
    """Whether dates such as 31/01/2024 begin with the day; None if nothing or everything says so."""
    matches = [match for match in map(_MOMENT.fullmatch, texts) if match is not None and match["a"]]
    slashed = [match for match in matches if match["sign"] != "."]
    first, second = (any(int(match[name]) > _MONTHS for match in slashed) for name in ("a", "b"))
    return None if first == second else first


def _of_match(match: re.Match[str], *, day_first: bool | None) -> float | None:
    if match["year"]:
        year, month, day = match["year"], match["month"], match["day"] or "1"
    else:
        if match["sign"] == ".":
            day_first = True
        if day_first is None:
            return None
        day, month = (match["a"], match["b"]) if day_first else (match["b"], match["a"])
        year = match["last"]
    try:
        days = date(int(year), int(month), int(day)).toordinal()
    except ValueError:
        return None
    time = _time_of(match) if match["hour"] else 0.0
    return None if time is None else days * _DAY + time


def _time_of(match: re.Match[str]) -> float | None:
    hour, minute = int(match["hour"]), int(match["minute"])
    second = float((match["second"] or "0").replace(",", "."))
    if match["half"]:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + _NOON * (match["half"].lower() == "pm")
    if hour > 24 or minute >= _MINUTE or second > _MINUTE:  # noqa: PLR2004 - 24:00 ends a day
        return None
    return hour * _HOUR + minute * _MINUTE + second - _offset(match["zone"] or "Z")


def _offset(zone: str) -> int:
    """Seconds that a zone is ahead of UTC."""
    if zone in {"Z", "UTC"}:
        return 0
    digits = zone[1:].replace(":", "")
    seconds = int(digits[:2]) * _HOUR + int(digits[2:]) * _MINUTE
    return -seconds if zone[0] == "-" else seconds
