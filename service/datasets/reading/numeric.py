"""The option ``numeric``: numeric columns and their number formats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.errors import InvalidSpec, SpecProblem
from engine.spec.records import Record
from engine.spec.rules import Choice, check_fields, problem, rule
from service.datasets.reading.option_rules import (
    LONGEST_NAME,
    MOST_COLUMNS,
    ColumnName,
    ColumnReference,
    Found,
    checked_item,
    is_plain,
)

__all__ = ["NONE", "NumericColumn", "NumericColumns"]

NONE = "none"
_SEPARATORS = (",", ".", "'", " ", NONE)
_SEPARATOR_ALIASES = {
    "comma": ",",
    "point": ".",
    "apostrophe": "'",
    "space": " ",
    "\u2019": "'",
    "\u00a0": " ",
}


@dataclass(frozen=True, slots=True)
class Unit:
    """The text of a unit, or ``none``."""

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise problem("type", 'Must be a string such as "kg", or "none".')
        unit = " ".join(value.split())
        if not 1 <= len(unit) <= LONGEST_NAME or not is_plain(unit) or any(map(str.isdigit, unit)):
            raise problem(
                "range", f'Must be a string of 1 to {LONGEST_NAME} characters without digits, or "none".'
            )
        return unit


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericColumn:
    """A column of numbers; None stands for what is found out from the column's values."""

    column: ColumnReference = field(metadata=rule(ColumnName()))
    decimal: str | None = field(default=None, metadata=rule(Found(Choice((".", ",")))))
    thousands: str | None = field(default=None, metadata=rule(Found(Choice(_SEPARATORS, _SEPARATOR_ALIASES))))
    unit: str | None = field(default=None, metadata=rule(Found(Unit())))

    def __post_init__(self) -> None:
        check_fields(self)
        if self.decimal is not None and self.decimal == self.thousands:
            message = 'Must differ from "decimal".'
            raise InvalidSpec([SpecProblem(("thousands",), "incompatible", message)])

    def document(self) -> dict[str, Any]:
        """The column as JSON."""
        fields = {"decimal": self.decimal, "thousands": self.thousands, "unit": self.unit}
        return {"column": self.column} | {
            name: "auto" if each is None else each for name, each in fields.items()
        }


@dataclass(frozen=True, slots=True)
class NumericColumns:
    """A list of columns, by name or number or as objects that say how their numbers are written."""

    def check(self, value: Any) -> tuple[NumericColumn, ...]:
        if isinstance(value, (str, int, Mapping, NumericColumn)) and not isinstance(value, bool):
            value = [value]
        if not isinstance(value, (list, tuple)) or len(value) > MOST_COLUMNS:
            message = 'Must be a list of columns, or of objects such as {"column": "price", "unit": "$"}.'
            raise problem("type", message)
        return tuple(checked_item(_Item(), item, place) for place, item in enumerate(value))


@dataclass(frozen=True, slots=True)
class _Item:
    def check(self, value: Any) -> NumericColumn:
        if isinstance(value, (Mapping, NumericColumn)):
            column: NumericColumn = Record(NumericColumn).check(value)
            return column
        return NumericColumn(column=ColumnName().check(value))
