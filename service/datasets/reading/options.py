"""Options for reading a file; omitted ones are inferred from the file and reported.

This module is all that the API process imports of the package: it needs no NumPy.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.errors import InvalidSpec, SpecProblem
from engine.spec import Divide, Scaling
from engine.spec.records import Record
from engine.spec.rules import Choice, Nullable, check_fields, rule
from engine.spec.scaling import ScalingRule
from service.datasets.reading.codec_names import Encoding
from service.datasets.reading.numeric import NumericColumn, NumericColumns
from service.datasets.reading.option_rules import (
    Character,
    ColumnName,
    ColumnNames,
    ColumnReference,
    Found,
    Header,
    OneOrMore,
    Texts,
)

__all__ = ["DEFAULT_MISSING", "FORMATS", "TASKS", "ColumnReference", "Options"]

FORMATS = ("csv", "npz", "json", "parquet", "excel")
TASKS = ("classification", "multilabel", "regression")
DEFAULT_MISSING = (
    *("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "-NaN"),
    *("NULL", "null", "None", "?", "."),
)
"""Default markers of missing values: pandas' markers, UCI's ``?`` and SAS's ``.``."""

_QUOTE_ALIASES = {"double": '"', "single": "'"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options for reading a file. None is inferred (``auto`` in JSON); for a single column it means no column.

    ``target`` is a column or, for a task with several outputs, a tuple of them. ``categorical`` and ``numeric``
    say what a column is where its values could be read either way. Raises InvalidSpec with every problem there is.
    """

    format: str | None = field(default=None, metadata=rule(Found(Choice(FORMATS))))
    delimiter: str | None = field(default=None, metadata=rule(Found(Character())))
    quote: str | None = field(default=None, metadata=rule(Found(Choice(('"', "'", "none"), _QUOTE_ALIASES))))
    header: bool | str | None = field(default=None, metadata=rule(Found(Header())))
    encoding: str | None = field(default=None, metadata=rule(Found(Encoding())))
    decimal: str | None = field(default=None, metadata=rule(Found(Choice((".", ",")))))
    sheet: str | int | None = field(default=None, metadata=rule(Found(ColumnName())))
    target: ColumnReference | tuple[ColumnReference, ...] | None = field(
        default=None, metadata=rule(Found(OneOrMore()))
    )
    task: str | None = field(default=None, metadata=rule(Found(Choice(TASKS))))
    scaling: Scaling | None = field(
        default=None, metadata=rule(Found(ScalingRule(Choice(("standardize", "none")))))
    )
    ignore: tuple[ColumnReference, ...] = field(default=(), metadata=rule(ColumnNames()))
    weight: ColumnReference | None = field(default=None, metadata=rule(Nullable(ColumnName())))
    split: ColumnReference | None = field(default=None, metadata=rule(Nullable(ColumnName())))
    group: ColumnReference | None = field(default=None, metadata=rule(Nullable(ColumnName())))
    order: ColumnReference | None = field(default=None, metadata=rule(Nullable(ColumnName())))
    missing_target: str = field(default="reject", metadata=rule(Choice(("reject", "drop"))))
    missing: tuple[str, ...] | None = field(default=None, metadata=rule(Found(Texts(64))))
    categorical: tuple[ColumnReference, ...] = field(default=(), metadata=rule(ColumnNames()))
    numeric: tuple[NumericColumn, ...] = field(default=(), metadata=rule(NumericColumns()))

    def __post_init__(self) -> None:
        check_fields(self)
        if problems := list(_used_twice(self)):
            raise InvalidSpec(problems)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Options:
        """The options a JSON object gives; raises InvalidSpec with a pointer to each wrong place."""
        options: Options = Record(cls).check(document)
        return options

    @property
    def targets(self) -> tuple[ColumnReference, ...]:
        """The target columns, one or several; none where they are to be found out."""
        if self.target is None:
            return ()
        return self.target if isinstance(self.target, tuple) else (self.target,)

    @property
    def called(self) -> frozenset[ColumnReference]:
        """Every column that is named for something."""
        numeric = (each.column for each in self.numeric)
        several = (*self.targets, *self.ignore, *self.categorical, *numeric)
        return frozenset({*several, *(each for each in _single(self).values() if each is not None)})

    def document(self) -> dict[str, Any]:
        """The options as JSON, which ``from_document`` reads back as the same."""
        return {item.name: self._value(item.name) for item in dataclasses.fields(self)}

    def _value(self, name: str) -> Any:
        value = getattr(self, name)
        if value is None:
            return None if name in _single(self) else "auto"
        if isinstance(value, Divide):
            return {"divide_by": value.divide_by}
        if isinstance(value, tuple):
            return [item.document() if isinstance(item, NumericColumn) else item for item in value]
        return value


def _used_twice(options: Options) -> Iterable[SpecProblem]:
    """A problem for every column that is given a second part to play."""
    parts = [("target", each) for each in options.targets]
    parts += [(name, column) for name, column in _single(options).items() if column is not None]
    parts += [("ignore", each) for each in options.ignore]
    taken: dict[ColumnReference, str] = {}
    for name, column in parts:
        if column in taken:
            message = f"Column {column!r} is given both as {taken[column]} and as {name}; choose one."
            yield SpecProblem((name,), "incompatible", message)
        taken[column] = name
    numeric = {each.column for each in options.numeric}
    for column in options.categorical:
        if column in numeric:
            message = f"Column {column!r} is given both as categorical and as numeric; choose one."
            yield SpecProblem(("categorical",), "incompatible", message)


def _single(options: Options) -> dict[str, ColumnReference | None]:
    return {name: getattr(options, name) for name in ("weight", "split", "group", "order")}
