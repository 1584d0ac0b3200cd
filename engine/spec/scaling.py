"""Scaling of features, as a specification names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.spec.records import Record
from engine.spec.rules import Choice, Real, check_fields, problem, rule

__all__ = ["Divide", "Scaling", "ScalingRule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Divide:
    """Features divided by a constant: ``{"divide_by": 256}`` maps bytes to [0, 1)."""

    divide_by: float = field(metadata=rule(Real(above=0, maximum=1e12)))

    def __post_init__(self) -> None:
        check_fields(self)


Scaling = str | Divide


@dataclass(frozen=True, slots=True)
class ScalingRule:
    """``auto`` (the data set's own), ``standardize``, ``none``, or ``{"divide_by": 256}``."""

    words: Choice

    def check(self, value: Any) -> Scaling:
        if isinstance(value, (Divide, Mapping)):
            divide: Divide = Record(Divide).check(value)
            return divide
        if not isinstance(value, str):
            words = ", ".join(self.words.allowed)
            raise problem("type", f'Must be an object {{"divide_by": number}}, or one of: {words}.')
        return self.words.check(value)
