"""Data sets, and the splits, scaling and targets that make arrays for training of them."""

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
