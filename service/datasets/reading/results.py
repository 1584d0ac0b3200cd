"""Results of a parse: arrays with everything inferred about them, or reasons for a rejection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from engine.data import Column, Dataset
from engine.kernels import Array
from engine.spec import Scaling
from service.datasets.reading.options import Options

__all__ = [
    "MOST_REASONS",
    "ColumnFound",
    "DatasetWarning",
    "Parsed",
    "Reason",
    "Refused",
    "Rejected",
    "refuse",
    "shown",
]

MOST_REASONS = 20
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that keeps the file from being read.

    ``row`` is the line that a person sees in an editor, from 1 (of JSON and arrays: the item, from 1), ``column`` a
    column's or an array's name; None if there is no single one.
    """

    row: int | None
    column: str | None
    found: str
    expected: str

    @property
    def document(self) -> dict[str, Any]:
        """The reason as JSON."""
        return {"row": self.row, "column": self.column, "found": self.found, "expected": self.expected}


@dataclass(frozen=True, slots=True)
class DatasetWarning:
    """One thing to know before training on a file that was read.

    ``code`` is stable. ``pointer`` is a JSON Pointer into the data set's answer, None for the file as a whole.
    ``column`` names the column in question: ``parse`` then makes the pointer that of the column in the answer, if the
    answer has it.
    """

    code: str
    pointer: str | None
    message: str
    column: str | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The warning as JSON."""
        return {"pointer": self.pointer, "code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that cannot be trained on: at most 20 ``reasons``, and one sentence of what to do."""

    reasons: tuple[Reason, ...]
    advice: str


class Refused(Exception):
    """Leads from the depths of a parse to its result, which is a ``Rejected``."""

    def __init__(self, reasons: Iterable[Reason], advice: str) -> None:
        self.rejected = Rejected(tuple(reasons)[:MOST_REASONS], advice)
        super().__init__(advice)

    def advising(self, advice: str) -> Refused:
        """The same with more advice."""
        return Refused(self.rejected.reasons, f"{self.rejected.advice} {advice}")


def refuse(
    found: str, expected: str, advice: str, *, column: str | None = None, row: int | None = None
) -> Refused:
    """A refusal with a single reason."""
    return Refused([Reason(row, column, found, expected)], advice)


def shown(text: str) -> str:
    """A text of the file as a message can show it: short, without NUL, control characters and lone surrogates."""
    cut = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    printable = "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in cut)
    return f'"{printable}"'


@dataclass(frozen=True, slots=True)
class ColumnFound:
    """A column of x. ``kind`` is ``number``, ``boolean`` or ``category``.

    ``levels`` names the categories in the order of their numbers, or the two words of a boolean, which is 0 or 1 in x.
    """

    name: str
    kind: str = "number"
    levels: tuple[str, ...] = ()
    missing: bool = False

    @property
    def column(self) -> Column:
        """The column as the engine knows it."""
        return Column(levels=len(self.levels) if self.kind == "category" else 0, missing=self.missing)

    @property
    def document(self) -> dict[str, Any]:
        """The column as JSON."""
        return {"name": self.name, "kind": self.kind, "levels": list(self.levels), "missing": self.missing}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A file as it was understood.

    ``arrays`` are ``x`` (N, C) and ``y`` as ``engine.Dataset`` wants them and, where the file has them,
    ``weights`` (N,), ``groups`` (N,), ``order`` (N,), ``x_validation``, ``y_validation``, ``x_test`` and
    ``y_test``. ``task`` is ``binary``, ``multiclass``, ``multilabel`` or ``regression``; ``classes`` names the
    classes, None for regression and several labels. ``feature_names`` are those after encoding. ``image_shape`` is
    (height, width) or (height, width, channels). ``groups`` counts the groups of rows, None if there are none.
    ``order`` is the name of the column of that order.
    ``options`` have everything resolved. ``summary``, ``findings`` and ``preview`` are JSON.
    """

    arrays: dict[str, Array]
    task: str
    classes: tuple[str, ...] | None
    columns: tuple[ColumnFound, ...]
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    image_shape: tuple[int, ...] | None
    scaling: Scaling
    options: Options
    groups: int | None = None
    order: str | None = None
    summary: tuple[dict[str, Any], ...] = ()
    findings: dict[str, Any] = field(default_factory=dict)
    preview: tuple[dict[str, Any], ...] = ()
    warnings: tuple[DatasetWarning, ...] = ()

    @property
    def dataset(self) -> Dataset:
        """The arrays as the engine trains on them."""
        plain = all(column.column == Column() for column in self.columns)
        return Dataset(
            **self.arrays,
            task=self.task,
            classes=None if self.classes is None else len(self.classes),
            scaling=self.scaling,
            columns=None if plain else [column.column for column in self.columns],
            order_name=self.order or "order",
            names=[column.name for column in self.columns],
        )
