"""Decide which experiments can train as one stack, and how many: pure rules."""

from __future__ import annotations

from engine.spec.experiment import Experiment

__all__ = ["lanes_per_stack", "shape"]

MOST_LANES = 16
WORTH_SHARING = 250_000
CACHE_BYTES = 8_000_000
ROWS_PER_LANE = 4


def lanes_per_stack(parameters: int, batch_size: int, precision: str = "float32") -> int:
    """Lanes that train faster together than one after another; 1 where sharing does not pay.

    A stack saves the calls' overhead, which matters while a lane's step is short: up to about 250,000 multiplications
    of a batch with the parameters. Parameters, gradients and two moments of all lanes should stay in the caches.
    """
    if batch_size * parameters > WORTH_SHARING:
        return 1
    row = ROWS_PER_LANE * parameters * (8 if precision == "float64" else 4)
    return max(1, min(MOST_LANES, CACHE_BYTES // row))


def shape(experiment: Experiment) -> dict[str, object]:
    """Properties of a resolved experiment that all lanes of a stack must share besides the data, by field path."""
    optimizer = experiment.optimizer
    return {
        "architecture": tuple(
            (layer.units, layer.activation, layer.dropout, layer.batch_norm)
            for layer in experiment.architecture
        ),
        "batch_size": experiment.batch_size,
        "class_weight": experiment.class_weight,
        "clip_norm": experiment.clip_norm is None,
        "input_dropout": experiment.input_dropout,
        "label_noise": experiment.label_noise,
        "label_smoothing": experiment.label_smoothing,
        "l1_update": experiment.l1_update,
        "loss": experiment.loss,
        "optimizer": (optimizer.name, *(bool(getattr(optimizer, name)) for name in optimizer.structural)),
        "max_norm": experiment.max_norm is None,
        "output": experiment.output,
        "penalty": tuple(penalty.kind for penalty in experiment.penalties),
        "precision": experiment.precision,
        "scaling": experiment.scaling,
        "split": experiment.split,
        "target_scaling": experiment.target_scaling,
    }
