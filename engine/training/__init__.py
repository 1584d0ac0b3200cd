"""The training loop: epochs, steps, evaluation, early stopping, and how a run is resumed or exported."""

from __future__ import annotations

from engine.training.interruption import KeptLane, ShouldStop
from engine.training.loop import train, training
from engine.training.reports import EpochReport, LaneReport, Metrics, Result

__all__ = [
    "EpochReport",
    "KeptLane",
    "LaneReport",
    "Metrics",
    "Result",
    "ShouldStop",
    "train",
    "training",
]
