"""Interrupt an epoch: when to ask the driver, and the state of the last complete epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.kernels import Array, aligned
from engine.safetensors import Checkpoint
from engine.spec import SplitRows, layer_sizes
from engine.spec.cost import LONG_SECONDS, epoch_seconds
from engine.streams import Purpose, stream
from engine.training.reports import Result
from engine.training.stack import Stack

__all__ = ["Boundary", "KeptLane", "ShouldStop", "steps_between_looks"]

LOOK_SECONDS = 0.01
"""Estimated time between two checks: a processor five times slower than estimated still checks every 50 ms.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLane:
    """A lane as it was at the end of its last whole epoch, whatever the present one has changed since.

    ``epoch`` is 0 before the first. ``state``, ``best`` and ``result`` may be called while ``should_stop`` runs.
    ``result`` ends the lane for the reason given; it is None without a whole epoch. The driver then has the lane
    leave the stack at the next report.
    """

    lane: int
    epoch: int
    state: Callable[[], Checkpoint]
    best: Callable[[], Checkpoint | None]
    result: Callable[[str], Result | None]


ShouldStop = Callable[[Sequence[KeptLane]], bool]
"""Called between batches; True abandons the current epoch of the whole stack."""


def steps_between_looks(stack: Stack, rows: SplitRows, steps: int) -> int | None:
    """The steps that take LOOK_SECONDS, of an epoch of so many; None if the epoch is short.

    A count by estimate, since the engine reads no clock.
    """
    experiment = stack.experiments[0]
    sizes = layer_sizes(experiment, stack.layout.sizes[0], stack.layout.sizes[-1])
    seconds = len(stack) * epoch_seconds(experiment, rows, sizes)
    return max(1, int(steps * LOOK_SECONDS / seconds)) if seconds > LONG_SECONDS else None


class Boundary:
    """A copy of what an epoch changes in a stack before the lanes are judged; the rest is shared with the stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack = replace(
            stack,
            parameters=_like(stack.parameters),
            moments={name: _like(moment) for name, moment in stack.moments.items()},
            running=stack.running.copy(),
            streams=[(stream(0, Purpose.ORDER), stream(0, Purpose.DROPOUT)) for _ in stack.streams],
        )

    def keep(self, stack: Stack) -> None:
        """Copy the stack as it is now."""
        kept = self.stack
        kept.epochs, kept.progress = stack.epochs, stack.progress
        np.copyto(kept.parameters, stack.parameters)
        np.copyto(kept.running, stack.running)
        for name, moment in stack.moments.items():
            np.copyto(kept.moments[name], moment)
        for copies, originals in zip(kept.streams, stack.streams, strict=True):
            for copy, original in zip(copies, originals, strict=True):
                copy.bit_generator.state = original.bit_generator.state


def _like(vectors: Array) -> Array:
    return aligned(vectors.shape, vectors.dtype)
