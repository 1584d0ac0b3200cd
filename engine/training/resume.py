"""Complete state of a lane as a checkpoint, and back: a resumed lane continues bit for bit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from engine.errors import InvalidCheckpoint
from engine.kernels import Array
from engine.optimization.schedules import PlateauState
from engine.revision import ENGINE_REVISION, FIRST_REVISION
from engine.safetensors import Checkpoint
from engine.streams import Purpose, stream
from engine.training.stack import Stack
from engine.training.stopping import Progress

__all__ = ["FORMAT", "VERSION", "restore", "save"]

FORMAT = "trainyard-state"
VERSION = 1


def save(stack: Stack, lane: int, stop_reason: str | None = None) -> Checkpoint:
    """Copy everything that a lane needs to resume; ``stop_reason`` records its end."""
    order, dropout = (random.bit_generator.state for random in stack.streams[lane])
    document = {
        "format": FORMAT,
        "version": VERSION,
        "revision": ENGINE_REVISION,
        "shape": _shape(stack),
        "epoch": stack.epochs[lane],
        "best_epoch": stack.best_epochs[lane],
        "stop_reason": stop_reason,
        "progress": stack.progress.document(lane),
        "plateau": asdict(stack.plateaus[lane]),
        "order": order,
        "dropout": dropout,
    }
    length = stack.layout.parameters
    arrays = {name: vectors[lane, :length].copy() for name, vectors in _vectors(stack).items()}
    return Checkpoint(
        arrays | {name: vectors[lane].copy() for name, vectors in _statistics(stack).items()}, document
    )


def _vectors(stack: Stack) -> dict[str, Array]:
    return {"parameters": stack.parameters, "best": stack.best, **stack.moments}


def _statistics(stack: Stack) -> dict[str, Array]:
    """The running statistics, where there is batch normalization."""
    return {"running": stack.running, "best_running": stack.best_running} if stack.running.size else {}


def _shape(stack: Stack) -> dict[str, Any]:
    return {
        "sizes": list(stack.layout.sizes),
        "precision": stack.parameters.dtype.name,
        "normalized": list(stack.layout.normalized_units),
        "arrays": list(_vectors(stack)),
        "rows": stack.rows,
    }


def restore(stack: Stack, lane: int, state: Checkpoint) -> str | None:
    """Set a lane to a saved state; returns why it had ended, None if it had not.

    Raises InvalidCheckpoint if the state is of another format, of another revision of the engine, or of an
    experiment of another shape.
    """
    document = state.document
    if (document.get("format"), document.get("version")) != (FORMAT, VERSION):
        raise InvalidCheckpoint(f"Not a {FORMAT} of version {VERSION}.")
    revision = document.get("revision", FIRST_REVISION)
    if revision != ENGINE_REVISION:
        message = (
            f"The state is from engine revision {revision} and this is revision {ENGINE_REVISION}, whose "
            "results differ: train from the start."
        )
        raise InvalidCheckpoint(message)
    if document["shape"] != _shape(stack):
        raise InvalidCheckpoint("The state belongs to an experiment of another shape.")
    for name, vectors in _vectors(stack).items():
        vectors[lane, : stack.layout.parameters] = state.arrays[name]
    for name, vectors in _statistics(stack).items():
        vectors[lane] = state.arrays[name]
    stack.epochs[lane] = document["epoch"]
    stack.best_epochs[lane] = document["best_epoch"]
    progress = [stack.progress.document(each) for each in range(len(stack))]
    progress[lane] = document["progress"]
    stack.progress = Progress.from_documents(progress)
    stack.plateaus[lane] = PlateauState(**document["plateau"])
    seed = stack.experiments[lane].seed or 0
    stack.streams[lane] = (
        stream(seed, Purpose.ORDER, document["order"]),
        stream(seed, Purpose.DROPOUT, document["dropout"]),
    )
    reason: str | None = document["stop_reason"]
    return reason
