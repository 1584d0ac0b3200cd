"""Weights for others to read: named and shaped as torch.nn.Sequential would have them, with the scaling they expect."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np

from engine.calls import Array
from engine.checkpoint import Checkpoint
from engine.data import Splits
from engine.layout import Layout
from engine.network import Network
from engine.scaling import Affine
from engine.spec import ActivationSpec, to_document, variant_name

__all__ = ["FORMAT", "VERSION", "export", "modules"]

FORMAT = "trainyard-model"
VERSION = 1

_MODULES = {
    "identity": "Identity()",
    "sigmoid": "Sigmoid()",
    "tanh": "Tanh()",
    "relu": "ReLU()",
    "leaky_relu": "LeakyReLU(negative_slope={negative_slope:g})",
    "elu": "ELU(alpha={alpha:g})",
    "selu": "SELU()",
    "gelu": "GELU()",
    "gelu_tanh": "GELU(approximate='tanh')",
    "softplus": "Softplus(threshold=1e9)",
    "silu": "SiLU()",
    "softmax": "Softmax(dim=1)",
}


def _module(activation: ActivationSpec) -> str:
    parameters = {} if isinstance(activation, str) else asdict(activation)
    return _MODULES[variant_name(activation)].format(**parameters)


def modules(network: Network) -> list[str]:
    """The modules of the torch.nn.Sequential that computes the network, in order."""
    found = [f"Dropout({network.input_dropout:g})"] if network.input_dropout else []
    for layer, (fan_in, fan_out) in enumerate(pairwise(network.sizes)):
        found.append(f"Linear({fan_in}, {fan_out})")
        if layer < len(network.activations):
            found.append(_module(network.activations[layer]))
            found += [f"Dropout({rate:g})" for rate in network.dropout[layer : layer + 1] if rate]
    return [*found, _module(network.output)]


def export(network: Network, splits: Splits, row: Array, epoch: int) -> Checkpoint:
    """A lane's weights after ``epoch``, from its plain (length,) row.

    ``"0.weight"`` is (out, in) and ``"0.bias"`` (out,), numbered as in ``modules``. The document carries what turns
    raw features into inputs and outputs into the user's units.
    """
    names, layout = modules(network), Layout(network.sizes)
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
        "loss": to_document(network.loss),
        "task": splits.task,
        "classes": splits.classes,
        "features": _document(splits.features),
        "targets": _document(splits.targets),
    }
    return Checkpoint(arrays, document)


def _document(scaling: Affine) -> dict[str, Any]:
    return {"mean": scaling.mean.tolist(), "scale": scaling.scale.tolist()}
