"""Warnings of settings for the digits."""

from __future__ import annotations

from typing import Any

from engine.spec import DatasetFacts, Experiment, resolve

DIGITS = DatasetFacts(task="multiclass", rows=1000, features=64, classes=10)


def warnings(facts: DatasetFacts = DIGITS, **fields: Any) -> list[tuple[str, str]]:
    found = resolve(Experiment(**fields), facts).warnings
    assert all(warning.message.endswith(".") for warning in found)
    return [(warning.code, "#/" + "/".join(map(str, warning.path))) for warning in found]


NORMALIZED = [{"units": 8, "batch_norm": True}]


def rate(name: str, learning_rate: float, **parameters: float) -> dict[str, Any]:
    return {"optimizer": {"name": name, "learning_rate": learning_rate, **parameters}}


def long(name: str, **parameters: Any) -> dict[str, Any]:
    """A run of 1,900 steps in 100 epochs."""
    return {"schedule": {"name": name, **parameters}}
