"""Shape of a network for weights to match: units of its layers, and which are normalized."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from engine.errors import SpecProblem
from engine.spec.experiment import Experiment
from engine.spec.resolve import layer_sizes

__all__ = ["NetworkShape"]

_LINEAR = re.compile(r"Linear\((\d+), (\d+)\)")


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """``sizes`` are the units of every layer, input and output included.

    ``normalized`` says of each hidden layer whether it has batch normalization.
    """

    sizes: tuple[int, ...]
    normalized: tuple[bool, ...]

    @classmethod
    def of(cls, experiment: Experiment, features: int, outputs: int) -> Self:
        """The shape of a resolved experiment's network."""
        normalized = tuple(layer.batch_norm for layer in experiment.architecture)
        return cls(layer_sizes(experiment, features, outputs), normalized)

    @classmethod
    def of_modules(cls, modules: Iterable[str]) -> Self:
        """The shape of a network from its modules' names, ``Linear(64, 30)``, ``BatchNorm1d(30)`` and others."""
        sizes: list[int] = []
        normalized: list[bool] = []
        for module in modules:
            if found := _LINEAR.fullmatch(module):
                sizes = [*(sizes or [int(found[1])]), int(found[2])]
                normalized.append(False)
            elif module.startswith("BatchNorm1d"):
                normalized[-1] = True
        return cls(tuple(sizes), tuple(normalized[:-1]))

    def words(self) -> str:
        """``64-30-10``, with ``30 (batch_norm)`` for a normalized layer."""
        marks = ("", *(" (batch_norm)" if on else "" for on in self.normalized), "")
        return "-".join(f"{units}{mark}" for units, mark in zip(self.sizes, marks, strict=True))

    def misfit(self, checkpoint: NetworkShape) -> SpecProblem:
        """The mismatch with a checkpoint of another shape."""
        message = (
            f"The checkpoint's network is {checkpoint.words()}, this experiment's {self.words()} (units "
            "from features to outputs): the shapes must be equal."
        )
        return SpecProblem(("init", "checkpoint"), "incompatible", message)
