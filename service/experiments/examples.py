"""Three requests that tell one story (a network overfits, a penalty helps, patience stops in time), and more."""

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
        "description": "800 images and no penalty: training accuracy reaches 100 %, validation loss turns up again.",
        "value": {**_OVERFIT, "name": "overfit"},
    },
    "l2": {
        "summary": "The same with L2",
        "description": "λ = 0.1 keeps the weights small.",
        "value": {**_OVERFIT, "penalty": "l2", "lambda": 0.1, "name": "with L2"},
    },
    "patience": {
        "summary": "The same with patience",
        "description": "Stops once validation loss has not improved for ten epochs, and keeps the best weights.",
        "value": {**_OVERFIT, "patience": 10, "name": "with patience"},
    },
    "own-parts": {
        "summary": "The data set's own parts",
        "description": "All 1,000 images train, the set's own 2,000 test rows test; nothing is held out to validate.",
        "value": {**_OVERFIT, "split": {"by": "dataset"}, "name": "own parts"},
    },
}

PATCH_EXAMPLES: dict[str, Example] = {
    "labels": {
        "summary": "Name and label it",
        "value": {"name": "the one to keep", "metadata": {"course": "week 3"}},
    },
    "priority": {"summary": "Have it begin sooner", "value": {"priority": 10}},
    "forget": {"summary": "Take name and labels away", "value": {"name": None, "metadata": None}},
}
