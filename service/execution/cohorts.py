"""Which experiments train together as one stack, and who is next: pure rules."""

from __future__ import annotations

import hashlib
import json

from engine.spec import Experiment, shape, to_document

__all__ = ["cohort_of"]

_HASH_LETTERS = 16


def cohort_of(experiment: Experiment, dataset_version: str) -> str:
    """A name for everything that lanes of one stack must share, of a resolved experiment on a version of its data."""
    shared = {"dataset": dataset_version, **shape(experiment)}
    text = json.dumps(shared, sort_keys=True, separators=(",", ":"), default=to_document)
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_LETTERS]
