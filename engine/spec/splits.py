"""Splits into training, validation and test: by fractions, groups, an order, or the data set's own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from engine.errors import InvalidSpec, SpecProblem
from engine.spec.records import Record
from engine.spec.rules import Choice, Flag, Integer, Nullable, Real, check_fields, problem, rule

__all__ = [
    "MAX_SEED",
    "AnySplit",
    "AutoFlag",
    "ColumnName",
    "DatasetSplit",
    "OrderSplit",
    "Split",
    "SplitRule",
]

MAX_SEED = 2**63 - 1
_SEED = Integer(minimum=0, maximum=MAX_SEED)
_ROWS = Nullable(Integer(minimum=1, maximum=2**53))
_SHARE = Real(minimum=0, below=1)


@dataclass(frozen=True, slots=True)
class AutoFlag:
    """``auto``, true or false."""

    def check(self, value: Any) -> bool | str:
        if value == "auto" and isinstance(value, str):
            return "auto"
        if not isinstance(value, bool):
            raise problem("type", 'Must be "auto", true or false.')
        return value


@dataclass(frozen=True, slots=True)
class ColumnName:
    """The name of a column."""

    LONGEST: ClassVar[int] = 200

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise problem("type", "Must be a string.")
        if not 1 <= len(value) <= self.LONGEST:
            raise problem("range", f"Must have 1 to {self.LONGEST} characters.")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Split into training, validation and test rows: fractions of ALL rows, shuffled by ``seed``.

    With ``by`` of ``groups`` no group of rows is in two parts, which have their fractions as nearly as groups allow;
    ``auto`` does so where the data set has groups. With ``keep_duplicates_together`` neither are exact copies of a row.
    ``test`` of None stands for the data set's own test rows.
    ``train_rows`` keeps a sample of n training rows, which contains every smaller one.
    """

    by: str = field(default="auto", metadata=rule(Choice(("auto", "fractions", "groups"))))
    validation: float = field(default=0.2, metadata=rule(_SHARE))
    test: float | None = field(default=0.2, metadata=rule(Nullable(_SHARE)))
    stratify: bool | str = field(default="auto", metadata=rule(AutoFlag()))
    keep_duplicates_together: bool = field(default=False, metadata=rule(Flag()))
    seed: int = field(default=0, metadata=rule(_SEED))
    train_rows: int | None = field(default=None, metadata=rule(_ROWS))

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSplit:
    """The validation and test rows that the data set has of its own, all others to train on.

    ``seed`` decides which labels ``label_noise`` flips, and which sample of n training rows ``train_rows`` keeps.
    """

    by: str = field(default="dataset", metadata=rule(Choice(("dataset",))))
    seed: int = field(default=0, metadata=rule(_SEED))
    train_rows: int | None = field(default=None, metadata=rule(_ROWS))

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSplit:
    """The first rows of an order train, those after them validate, and the last test: fractions of ALL rows.

    ``column`` gives the order; None stands for the data set's order column or, without one, the stored order. Rows of
    equal values keep their stored order. ``test`` of None stands for the data set's own test rows. ``seed`` decides
    which labels ``label_noise`` flips, and which sample of n training rows ``train_rows`` keeps.
    """

    by: str = field(default="order", metadata=rule(Choice(("order",))))
    column: str | None = field(default=None, metadata=rule(Nullable(ColumnName())))
    validation: float = field(default=0.2, metadata=rule(_SHARE))
    test: float | None = field(default=0.2, metadata=rule(Nullable(_SHARE)))
    seed: int = field(default=0, metadata=rule(_SEED))
    train_rows: int | None = field(default=None, metadata=rule(_ROWS))

    def __post_init__(self) -> None:
        check_fields(self)


AnySplit = Split | DatasetSplit | OrderSplit


@dataclass(frozen=True, slots=True)
class SplitRule:
    """A split by fractions, of rows or of groups, as which it is read unless ``by`` says otherwise."""

    KINDS: ClassVar[Mapping[str, type[Any]]] = {
        **dict.fromkeys(("auto", "fractions", "groups"), Split),
        "dataset": DatasetSplit,
        "order": OrderSplit,
    }

    def check(self, value: Any) -> AnySplit:
        if isinstance(value, AnySplit):
            return value
        kind: type[Any] = Split
        if isinstance(value, Mapping):
            if value.get("by") is not None:
                kind = self.KINDS[_which(value["by"], tuple(self.KINDS))]
            needless = (_names(*self.KINDS.values()) - _names(kind)) & set(value)
            if given := sorted(name for name in needless if value[name] is not None):
                raise InvalidSpec(_needless(name, kind) for name in given)
            value = {name: item for name, item in value.items() if name not in needless}
        split: AnySplit = Record(kind).check(value)
        return split


def _which(by: Any, allowed: tuple[str, ...]) -> str:
    try:
        return Choice(allowed).check(by)
    except InvalidSpec as error:
        raise InvalidSpec(found.below("by") for found in error.problems) from None


def _names(*kinds: type[Any]) -> set[str]:
    return {item.name for kind in kinds for item in dataclasses.fields(kind)}


def _needless(name: str, kind: type[Any]) -> SpecProblem:
    message = {
        Split: f'An order applies to "by": "order" only; omit {name}, or split by order.',
        DatasetSplit: f"The data set's predefined splits are used as they are; omit {name}, or split by fractions.",
        OrderSplit: f"Rows are taken in their order; omit {name}, or split by fractions.",
    }[kind]
    return SpecProblem((name,), "incompatible", message)
