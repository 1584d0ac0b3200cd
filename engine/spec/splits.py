"""Which rows train, validate and test: fractions of the rows or of whole groups of them, or a data set's own parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from engine.errors import InvalidSpec, SpecProblem
from engine.spec.records import Record
from engine.spec.rules import Choice, Integer, Nullable, Real, check_fields, problem, rule

__all__ = ["MAX_SEED", "AutoFlag", "DatasetSplit", "Split", "SplitRule"]

MAX_SEED = 2**63 - 1
_SEED = Integer(minimum=0, maximum=MAX_SEED)
_ROWS = Nullable(Integer(minimum=1, maximum=2**53))


@dataclass(frozen=True, slots=True)
class AutoFlag:
    """``auto``, true or false."""

    def check(self, value: Any) -> bool | str:
        if value == "auto" and isinstance(value, str):
            return "auto"
        if not isinstance(value, bool):
            raise problem("type", 'Must be "auto", true or false.')
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Which rows train, validate and test: fractions of ALL rows, shuffled by ``seed``.

    With ``by`` of ``groups`` no group of rows is in two parts, which have their fractions as nearly as groups allow;
    ``auto`` does so where the data set has groups. ``test`` of None stands for the data set's own test rows.
    ``train_rows`` keeps a sample of n training rows, which contains every smaller one.
    """

    by: str = field(default="auto", metadata=rule(Choice(("auto", "fractions", "groups"))))
    validation: float = field(default=0.2, metadata=rule(Real(minimum=0, below=1)))
    test: float | None = field(default=0.2, metadata=rule(Nullable(Real(minimum=0, below=1))))
    stratify: bool | str = field(default="auto", metadata=rule(AutoFlag()))
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


@dataclass(frozen=True, slots=True)
class SplitRule:
    """A split by fractions, of rows or of groups, as which it is read unless ``by`` says ``dataset``."""

    KINDS: ClassVar[Mapping[str, type[Any]]] = {
        **dict.fromkeys(("auto", "fractions", "groups"), Split),
        "dataset": DatasetSplit,
    }

    def check(self, value: Any) -> Split | DatasetSplit:
        if isinstance(value, (Split, DatasetSplit)):
            return value
        kind: type[Any] = Split
        if isinstance(value, Mapping) and value.get("by") is not None:
            kind = self.KINDS[_which(value["by"], tuple(self.KINDS))]
            needless = (_names(Split) - _names(kind)) & set(value)
            if given := sorted(name for name in needless if value[name] is not None):
                raise InvalidSpec(map(_needless, given))
            value = {name: item for name, item in value.items() if name not in needless}
        split: Split | DatasetSplit = Record(kind).check(value)
        return split


def _which(by: Any, allowed: tuple[str, ...]) -> str:
    try:
        return Choice(allowed).check(by)
    except InvalidSpec as error:
        raise InvalidSpec(found.below("by") for found in error.problems) from None


def _names(kind: type[Any]) -> set[str]:
    return {item.name for item in dataclasses.fields(kind)}


def _needless(name: str) -> SpecProblem:
    message = f"The data set's own parts are taken as they are; leave {name} out, or split by fractions."
    return SpecProblem((name,), "incompatible", message)
