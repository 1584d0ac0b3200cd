"""Data sets, and the splits, scaling and targets that turn them into training arrays."""

from __future__ import annotations

from engine.data.columns import Column, Encoding
from engine.data.dataset import Dataset, Part, Splits
from engine.data.preparation import prepare

__all__ = [
    "Column",
    "Dataset",
    "Encoding",
    "Part",
    "Splits",
    "prepare",
]
