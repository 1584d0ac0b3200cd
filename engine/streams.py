"""Random numbers: one independent stream for each purpose, all derived from one seed."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

__all__ = ["Purpose", "stream"]


class Purpose(IntEnum):
    """Purpose of a stream. The numbers decide the bits of every experiment: never reuse or change one."""

    WEIGHTS = 0
    ORDER = 1
    DROPOUT = 2
    SPLIT = 3
    LABEL_NOISE = 4


def stream(seed: int, purpose: Purpose, state: dict[str, Any] | None = None) -> np.random.Generator:
    """The generator for a purpose, at its beginning or at a saved ``bit_generator.state``.

    The purpose is a spawn key, not part of the entropy: entropy is padded with zeros, so that (seed + 2³²·p, 0)
    and (seed, p) would meet.
    """
    bits: Any = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(int(purpose),)))
    if state is not None:
        bits.state = state
    return np.random.Generator(bits)
