"""Weights for others to read: named and shaped as torch.nn.Sequential would have them, with the scaling they expect."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.calls import Array
from engine.checkpoint import Checkpoint
from engine.data import Splits
from engine.layout import Layout
from engine.network import Network
from engine.scaling import Affine

__all__ = ["FORMAT", "VERSION", "export", "modules"]

FORMAT = "trainyard-model"
VERSION = 1

_MODULES = {
    "identity": "Identity()",
    "sigmoid": "Sigmoid()",
    "tanh": "Tanh()",
    "relu": "ReLU()",
    "softmax": "Softmax(dim=1)",
}


def modules(network: Network) -> list[str]:
    """The modules of the torch.nn.Sequential that computes the network, in order."""
    found = []
    for layer, (fan_in, fan_out) in enumerate(zip(network.sizes, network.sizes[1:], strict=False)):
        found.append(f"Linear({fan_in}, {fan_out})")
        if layer < len(network.activations):
            found.append(_MODULES[network.activations[layer]])
        if layer < len(network.dropout) and network.dropout[layer]:
            found.append(f"Dropout({network.dropout[layer]:g})")
    return [*found, _MODULES[network.output]]


def export(network: Network, layout: Layout, splits: Splits, row: Array, epoch: int) -> Checkpoint:
    """A lane's weights after ``epoch``, from its (length,) row.

    ``"0.weight"`` is (out, in) and ``"0.bias"`` (out,), numbered as in ``modules``. The document carries what turns
    raw features into inputs and outputs into the user's units.
    """
    names = modules(network)
    linear = [index for index, name in enumerate(names) if name.startswith("Linear")]
    arrays: dict[str, Array] = {}
    for layer, index in enumerate(linear):
        arrays[f"{index}.weight"] = np.array(layout.weight(row, layer).T, order="C")
        arrays[f"{index}.bias"] = layout.bias(row, layer).copy()
    document = {
        "format": FORMAT,
        "version": VERSION,
        "epoch": epoch,
        "modules": names,
        "output": network.output,
        "loss": network.loss,
        "task": splits.task,
        "classes": splits.classes,
        "features": _document(splits.features),
        "targets": _document(splits.targets),
    }
    return Checkpoint(arrays, document)


def _document(scaling: Affine) -> dict[str, Any]:
    return {"mean": scaling.mean.tolist(), "scale": scaling.scale.tolist()}
