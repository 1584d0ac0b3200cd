"""Examples of requests that tell one story: a network overfits; patience, penalties and a better start help."""

from __future__ import annotations

from typing import Any

from fastapi.openapi.models import Example

__all__ = ["EXAMPLES", "PATCH_EXAMPLES"]

_OVERFIT: dict[str, Any] = {
    "dataset": "mnist-mini",
    "architecture": [30],
    "activation": "sigmoid",
    "loss": "binary_cross_entropy",
    "init": "large",
    "optimizer": {"name": "sgd", "learning_rate": 0.5},
    "batch_size": 10,
    "max_epochs": 100,
    "seed": 1,
}

EXAMPLES: dict[str, Example] = {
    "overfit": {
        "summary": "Overfit",
        "description": (
            "800 images and no penalty: training accuracy reaches 100 %, and the validation loss turns up "
            "again."
        ),
        "value": {**_OVERFIT, "name": "overfit"},
    },
    "patience": {
        "summary": "Stop early",
        "description": "Stops ten epochs after the lowest validation loss and returns that epoch's weights.",
        "value": {**_OVERFIT, "patience": 10, "name": "with patience"},
    },
    "l2": {
        "summary": "L2: keep weights small",
        "description": "Each step shrinks every weight by the same fraction; the validation loss no longer turns up.",
        "value": {**_OVERFIT, "penalty": "l2", "lambda": 0.1, "name": "with L2"},
    },
    "l1": {
        "summary": "L1: sparse weights",
        "description": "Each step shrinks every weight by the same amount; `zero_fraction` counts the exact zeros.",
        "value": {**_OVERFIT, "penalty": "l1", "lambda": 0.3, "name": "with L1"},
    },
    "initialization": {
        "summary": "Begin small",
        "description": "`glorot_normal` instead of `large`, no penalty: a lower test loss than with either penalty.",
        "value": {**_OVERFIT, "init": "glorot_normal", "name": "with small initial weights"},
    },
    "own-parts": {
        "summary": "The predefined splits",
        "description": "Trains on all 1,000 images and tests on the set's 2,000 test rows, without validation rows.",
        "value": {**_OVERFIT, "split": {"by": "dataset"}, "name": "own parts"},
    },
}

PATCH_EXAMPLES: dict[str, Example] = {
    "labels": {
        "summary": "Name and label it",
        "value": {"name": "the one to keep", "metadata": {"course": "week 3"}},
    },
    "priority": {"summary": "Start it sooner", "value": {"priority": 10}},
    "forget": {"summary": "Remove name and labels", "value": {"name": None, "metadata": None}},
}
