"""Export weights: named and shaped as in torch.nn.Sequential, with the scaling they expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np

from engine.data import Splits
from engine.data.scaling import Affine
from engine.kernels import Array
from engine.network.batch_norm import Running, folded
from engine.network.layout import Layout
from engine.network.shape import Network
from engine.safetensors import Checkpoint
from engine.spec import ActivationSpec, activation_traits, to_document

__all__ = ["FORMAT", "UNFOLDED", "VERSION", "export", "modules", "named_views"]

FORMAT = "trainyard-model"
VERSION = 1
UNFOLDED = "unfolded."
"""Prefix of tensors needed to resume training, present where they differ from the folded ones."""

_SOFTMAX = "Softmax(dim=1)"


def _module(activation: ActivationSpec) -> str:
    parameters = {} if isinstance(activation, str) else asdict(activation)
    return activation_traits(activation).module.format(**parameters)


def modules(network: Network, normalized: Sequence[bool] = ()) -> list[str]:
    """The modules of the torch.nn.Sequential that computes the network, in order.

    ``normalized`` says which hidden layers keep their batch normalization; elsewhere it is folded into the weights.
    """
    found = [f"Dropout({network.input_dropout:g})"] if network.input_dropout else []
    for layer, (fan_in, fan_out) in enumerate(pairwise(network.sizes)):
        found.append(f"Linear({fan_in}, {fan_out})")
        found += [f"BatchNorm1d({fan_out})" for on in normalized[layer : layer + 1] if on]
        if layer < len(network.activations):
            found.append(_module(network.activations[layer]))
            found += [f"Dropout({rate:g})" for rate in network.dropout[layer : layer + 1] if rate]
    return [*found, _SOFTMAX if network.output == "softmax" else _module(network.output)]


def named_views(layout: Layout, names: Sequence[str], vectors: tuple[Array, Array]) -> dict[str, Array]:
    """Views of a lane's (length,) parameters and its running statistics, named and shaped as torch's state.

    ``names`` are the network's modules; their numbers are in the names: ``"0.weight"`` (out, in), ``"0.bias"`` (out,).
    """
    parameters, running = vectors
    views: dict[str, Array] = {}
    layer = -1
    for index, name in enumerate(names):
        if name.startswith("Linear"):
            layer += 1
            views[f"{index}.weight"] = layout.weight(parameters, layer).T
            views[f"{index}.bias"] = layout.bias(parameters, layer)
        elif name.startswith("BatchNorm1d"):
            statistics = Running.of(layout, running, layer)
            views[f"{index}.weight"] = layout.gamma(parameters, layer)
            views[f"{index}.bias"] = layout.beta(parameters, layer)
            views[f"{index}.running_mean"] = statistics.mean
            views[f"{index}.running_var"] = statistics.variance
    return views


def export(
    network: Network, layout: Layout, splits: Splits, vectors: tuple[Array, Array], epoch: int
) -> Checkpoint:
    """A lane's weights after ``epoch``, from its (length,) parameters and its running statistics.

    Tensors are those of ``named_views``, batch normalization folded in; if there is any, the same network with
    its normalization follows, under names that begin with ``unfolded.``. The document carries what turns raw features
    into inputs and outputs into the user's units.
    """
    names = modules(network)
    plain = named_views(Layout(network.sizes), names, (folded(layout, *vectors), vectors[1]))
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
    if splits.encoding is not None:
        document["columns"] = splits.encoding.document
    if any(layout.normalized):
        document["unfolded_modules"] = names = modules(network, layout.normalized)
        views = named_views(layout, names, vectors)
        plain |= {f"{UNFOLDED}{name}": view for name, view in views.items()}
    return Checkpoint({name: np.array(view, order="C") for name, view in plain.items()}, document)


def _document(scaling: Affine) -> dict[str, Any]:
    return {"mean": scaling.mean.tolist(), "scale": scaling.scale.tolist()}
