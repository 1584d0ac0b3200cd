"""Metrics by which settings are compared, and how they are spoken of."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from service.sweeps.statistics.sentences import Measure

__all__ = ["MEASURES"]

MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "val_loss": Measure("in validation loss"),
        "val_accuracy": Measure("points of validation accuracy", 100.0),
        "val_r2": Measure("in validation R²"),
        "val_mae": Measure("in validation mean absolute error"),
        "val_rmse": Measure("in validation root mean squared error"),
    }
)
"""Test metrics are left out: to choose by them would use the test rows up."""
