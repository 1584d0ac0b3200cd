"""Warm start: a network that starts from a checkpoint's weights instead of random ones.

It is a resume with a fresh optimizer: weights, biases and, with batch normalization, γ, β and the running statistics
are the checkpoint's; moments, schedule, patience, the order of rows and the counting of epochs start over. Features
are scaled as the new experiment's own training rows say.

The same in plain NumPy: engine/textbook/network.py; tests/engine/test_textbook.py proves them equal.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.errors import InvalidCheckpoint, InvalidSpec, SpecProblem
from engine.kernels import Array
from engine.network.layout import Layout
from engine.safetensors import Checkpoint
from engine.spec import Experiment, Given, NetworkShape
from engine.training.export import FORMAT, UNFOLDED, VERSION, named_views

__all__ = ["begin_from", "check_initial"]


def check_initial(
    experiments: Sequence[Experiment],
    initial: Sequence[Checkpoint | None],
    states: Sequence[Checkpoint | None],
) -> None:
    """Raise InvalidSpec if a lane's ``init`` and what was handed in differ; a resumed lane needs nothing."""
    for experiment, weights, state in zip(experiments, initial, states, strict=True):
        given = isinstance(experiment.init, Given)
        if given and weights is None and state is None:
            message = "The checkpoint itself is missing; pass it as initial."
            raise InvalidSpec([SpecProblem(("init", "checkpoint"), "missing", message)])
        if weights is not None and not given:
            message = "Initial weights were given, so nothing is drawn; omit init."
            raise InvalidSpec([SpecProblem(("init",), "incompatible", message)])


def begin_from(parameters: Array, running: Array, layout: Layout, checkpoint: Checkpoint) -> None:
    """Set a lane's (length,) parameters and its running statistics to those of a checkpoint, cast to their precision.

    Raises InvalidSpec for a network of another shape, InvalidCheckpoint for anything that holds no weights, or weights
    that are not finite.
    """
    modules, prefix = _modules(checkpoint)
    found, wanted = NetworkShape.of_modules(modules), NetworkShape(layout.sizes, layout.normalized)
    if found != wanted:
        raise InvalidSpec([wanted.misfit(found)])
    with np.errstate(over="ignore"):
        for name, view in named_views(layout, modules, (parameters, running)).items():
            view[...] = _tensor(checkpoint, f"{prefix}{name}", view.shape)
    if not (np.isfinite(parameters).all() and np.isfinite(running).all()):
        raise InvalidCheckpoint(f"Not all initial weights are finite {parameters.dtype.name} numbers.")


def _tensor(checkpoint: Checkpoint, name: str, shape: tuple[int, ...]) -> Array:
    found = checkpoint.arrays.get(name)
    if found is None or found.shape != shape:
        raise InvalidCheckpoint(f"The initial weights must have a tensor {name} of shape {shape}.")
    return found


def _modules(checkpoint: Checkpoint) -> tuple[list[str], str]:
    """The modules that were trained, not folded, and what comes before their numbers in the names of tensors."""
    document = checkpoint.document
    if (document.get("format"), document.get("version")) != (FORMAT, VERSION):
        raise InvalidCheckpoint(
            f"Initial weights must be a {FORMAT} of version {VERSION}, such as a result's best."
        )
    unfolded = document.get("unfolded_modules")
    return (document["modules"], "") if unfolded is None else (unfolded, UNFOLDED)
