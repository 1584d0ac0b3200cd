"""The cohort of an experiment: those of one cohort can be trained together as one stack."""

from __future__ import annotations

import hashlib
import json

from engine.spec import Experiment, shape, to_document

__all__ = ["cohort_of"]

_HASH_LETTERS = 16


def cohort_of(experiment: Experiment, dataset_version: str) -> str:
    """Return a hash of everything that the lanes of one stack must share: the version of the data, and the shape."""
    shared = {"dataset": dataset_version, **shape(experiment)}
    text = json.dumps(shared, sort_keys=True, separators=(",", ":"), default=to_document)
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_LETTERS]
