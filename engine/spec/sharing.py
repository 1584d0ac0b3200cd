"""How many experiments of one shape should train together as a stack: a pure rule, by size alone."""

from __future__ import annotations

__all__ = ["lanes_per_stack"]

MOST_LANES = 8
WORTH_SHARING = 250_000
CACHE_BYTES = 2_000_000
ROWS_PER_LANE = 4


def lanes_per_stack(parameters: int, batch_size: int, precision: str = "float32") -> int:
    """Lanes that train faster together than one after another; 1 where sharing does not pay.

    A stack saves the calls' overhead, which matters while a lane's step is short: up to about 250,000 multiplications
    of a batch with the parameters. Parameters, gradients and two moments of all lanes should fit a core's cache.
    """
    if batch_size * parameters > WORTH_SHARING:
        return 1
    row = ROWS_PER_LANE * parameters * (8 if precision == "float64" else 4)
    return max(1, min(MOST_LANES, CACHE_BYTES // row))
